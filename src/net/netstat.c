/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/netstat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/net/procfile.h"

static const char *const names[NETSTAT_MAX] = {
	[NETSTAT_LISTEN_OVERFLOWS] = "TcpExt.ListenOverflows",
	[NETSTAT_LISTEN_DROPS] = "TcpExt.ListenDrops",
	[NETSTAT_REQUEST_QUEUE_DROPS] = "TcpExt.TCPReqQFullDrop",
	[NETSTAT_SYNCOOKIES_SENT] = "TcpExt.SyncookiesSent",
	[NETSTAT_SYNCOOKIES_RECEIVED] = "TcpExt.SyncookiesRecv",
	[NETSTAT_PASSIVE_OPENS] = "Tcp.PassiveOpens",
	[NETSTAT_SYN_RETRANSMITS] = "TcpExt.TCPSynRetrans",
	[NETSTAT_ACTIVE_OPENS] = "Tcp.ActiveOpens",
	[NETSTAT_RESETS_SENT] = "Tcp.OutRsts",
	[NETSTAT_CHECKSUM_ERRORS] = "Tcp.InCsumErrors",
	[NETSTAT_TIME_WAITS] = "TcpExt.TW",
	[NETSTAT_TIME_WAITS_SHORT] = "TcpExt.TWKilled",
	[NETSTAT_TIME_WAIT_OVERFLOWS] = "TcpExt.TCPTimeWaitOverflow",
	[NETSTAT_ABORTS_ON_MEMORY] = "TcpExt.TCPAbortOnMemory",
	[NETSTAT_MEMORY_PRESSURES] = "TcpExt.TCPMemoryPressures",
	[NETSTAT_RETRANSMIT_FAILS] = "TcpExt.TCPRetransFail",
	[NETSTAT_SYN_CHALLENGES] = "TcpExt.TCPSYNChallenge",
	[NETSTAT_IP_NO_ROUTES] = "Ip.OutNoRoutes",
	[NETSTAT_REVERSE_PATH_FILTERED] = "TcpExt.IPReversePathFilter",
	[NETSTAT_IP_REQUESTS] = "Ip.OutRequests",
	[NETSTAT_IP_TRANSMITS] = "Ip.OutTransmits",
	[NETSTAT_IP6_REQUESTS] = "Ip6.OutRequests",
	[NETSTAT_IP6_TRANSMITS] = "Ip6.OutTransmits",
	[NETSTAT_IP6_NO_ROUTES] = "Ip6.OutNoRoutes",
	[NETSTAT_LO_IP6_REQUESTS] = "lo.Ip6OutRequests",
	[NETSTAT_LO_IP6_TRANSMITS] = "lo.Ip6OutTransmits",
	[NETSTAT_LO_PACKETS] = "lo.RxPackets",
	[NETSTAT_IP_RECEIVES] = "Ip.InReceives",
	[NETSTAT_IP_DELIVERS] = "Ip.InDelivers",
	[NETSTAT_IP_FORWARDED] = "Ip.ForwDatagrams",
	[NETSTAT_IP_MULTICASTS] = "IpExt.InMcastPkts",
	[NETSTAT_IP_BROADCASTS] = "IpExt.InBcastPkts",
	[NETSTAT_IP6_RECEIVES] = "Ip6.InReceives",
	[NETSTAT_IP6_DELIVERS] = "Ip6.InDelivers",
	[NETSTAT_IP6_FORWARDED] = "Ip6.OutForwDatagrams",
	[NETSTAT_IP6_MULTICASTS] = "Ip6.InMcastPkts",
	[NETSTAT_XFRM_NO_STATES] = "Xfrm.OutNoStates",
	[NETSTAT_CONNTRACK_DROPS] = "nf_conntrack.drop",
	[NETSTAT_CONNTRACK_EARLY_DROPS] = "nf_conntrack.early_drop",
};

const char *netstat_name(enum netstat_counter counter)
{
	return names[counter];
}

void netstat_init(struct netstat *netstat)
{
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		netstat->values[i] = NETSTAT_ABSENT;
	}
}

/* A word of a line, and where to look for the next one. */
struct word {
	const char *begin;
	size_t length; /* 0: end of the line */
};

static struct word next_word(const char **cursor)
{
	*cursor += strspn(*cursor, " \t");
	struct word word = {.begin = *cursor, .length = strcspn(*cursor, " \t\n")};
	*cursor += word.length;
	return word;
}

static bool is_named(const char *name, struct word group, struct word counter)
{
	return strncmp(name, group.begin, group.length) == 0 && name[group.length] == '.' &&
		strncmp(name + group.length + 1, counter.begin, counter.length) == 0 &&
		name[group.length + 1 + counter.length] == '\0';
}

static void set_value(
	struct netstat *netstat, struct word group, struct word counter, struct word value)
{
	if (value.begin[0] < '0' || value.begin[0] > '9') {
		return; /* a few are not counters, and have "-1" for "no limit" */
	}
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		if (is_named(names[i], group, counter)) {
			netstat->values[i] = strtoull(value.begin, NULL, 10);
			return;
		}
	}
}

static void parse_pair(struct netstat *netstat, const char *header, const char *line)
{
	struct word group = next_word(&header);
	struct word same = next_word(&line);
	if (group.length < 2 || group.begin[group.length - 1] != ':' ||
		group.length != same.length || memcmp(group.begin, same.begin, same.length) != 0) {
		return;
	}
	group.length--;
	for (;;) {
		struct word counter = next_word(&header);
		struct word value = next_word(&line);
		if (counter.length == 0 || value.length == 0) {
			return;
		}
		set_value(netstat, group, counter, value);
	}
}

/* The start of the next line, or NULL. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end == NULL ? NULL : end + 1;
}

void netstat_parse(struct netstat *netstat, const char *text)
{
	const char *header = text;
	while (header != NULL) {
		const char *line = next_line(header);
		if (line == NULL) {
			return;
		}
		parse_pair(netstat, header, line);
		header = next_line(line);
	}
}

/* Parses lines of a name that begins with that of its group, and a value. */
static void parse_lines(struct netstat *netstat, struct word group, const char *text)
{
	for (const char *line = text; line != NULL; line = next_line(line)) {
		const char *cursor = line;
		struct word counter = next_word(&cursor);
		struct word value = next_word(&cursor);
		if (counter.length > group.length && value.length > 0 &&
			strncmp(counter.begin, group.begin, group.length) == 0) {
			counter.begin += group.length;
			counter.length -= group.length;
			set_value(netstat, group, counter, value);
		}
	}
}

void netstat_parse_snmp6(struct netstat *netstat, const char *text)
{
	parse_lines(netstat, (struct word){.begin = "Ip6", .length = 3}, text);
}

void netstat_parse_xfrm(struct netstat *netstat, const char *text)
{
	parse_lines(netstat, (struct word){.begin = "Xfrm", .length = 4}, text);
}

void netstat_parse_snmp6_lo(struct netstat *netstat, const char *text)
{
	static const struct word group = {.begin = "lo", .length = 2};
	for (const char *line = text; line != NULL; line = next_line(line)) {
		const char *cursor = line;
		struct word counter = next_word(&cursor);
		struct word value = next_word(&cursor);
		if (counter.length > 0 && value.length > 0) {
			set_value(netstat, group, counter, value);
		}
	}
}

/* "    lo: BYTES PACKETS ...": the first two are what was received. */
void netstat_parse_devices(struct netstat *netstat, const char *text)
{
	for (const char *line = text; line != NULL; line = next_line(line)) {
		const char *cursor = line;
		struct word name = next_word(&cursor);
		(void)next_word(&cursor);
		struct word packets = next_word(&cursor);
		if (name.length == 3 && strncmp(name.begin, "lo:", 3) == 0 && packets.length > 0) {
			netstat->values[NETSTAT_LO_PACKETS] = strtoull(packets.begin, NULL, 10);
		}
	}
}

/* Adds the values of one processor to the counters of those names. */
static void add_processor(struct netstat *netstat, const char *header, const char *line)
{
	static const struct word group = {.begin = "nf_conntrack", .length = 12};
	for (;;) {
		struct word counter = next_word(&header);
		struct word value = next_word(&line);
		if (counter.length == 0 || value.length == 0) {
			return;
		}
		for (size_t i = 0; i < NETSTAT_MAX; i++) {
			if (is_named(names[i], group, counter)) {
				netstat->values[i] =
					netstat_or_zero(netstat, (enum netstat_counter)i) +
					strtoull(value.begin, NULL, 16);
			}
		}
	}
}

void netstat_parse_conntrack(struct netstat *netstat, const char *text)
{
	for (const char *line = next_line(text); line != NULL; line = next_line(line)) {
		add_processor(netstat, text, line);
	}
}

struct netstat_file {
	const char *path;
	void (*parse)(struct netstat *netstat, const char *text);
};

static int read_files(const struct netstat_file *files, size_t count, struct netstat *ret_netstat)
{
	struct netstat netstat;
	netstat_init(&netstat);
	int result = -ENOENT;
	for (size_t i = 0; i < count; i++) {
		char *text = NULL;
		int r = procfile_read(files[i].path, &text);
		if (r < 0) {
			result = result == 0 ? 0 : r;
			continue;
		}
		files[i].parse(&netstat, text);
		free(text);
		result = 0;
	}
	if (result == 0) {
		*ret_netstat = netstat;
	}
	return result;
}

int netstat_read_tcp(struct netstat *ret_netstat)
{
	static const struct netstat_file file = {"/proc/net/netstat", netstat_parse};
	return read_files(&file, 1, ret_netstat);
}

int netstat_read(struct netstat *ret_netstat)
{
	static const struct netstat_file files[] = {
		{"/proc/net/snmp", netstat_parse},
		{"/proc/net/netstat", netstat_parse},
		{"/proc/net/snmp6", netstat_parse_snmp6},
		{"/proc/net/dev_snmp6/lo", netstat_parse_snmp6_lo},
		{"/proc/net/dev", netstat_parse_devices},
		{"/proc/net/xfrm_stat", netstat_parse_xfrm},
		{"/proc/net/stat/nf_conntrack", netstat_parse_conntrack},
	};
	return read_files(files, sizeof(files) / sizeof(files[0]), ret_netstat);
}

struct netstat netstat_difference(const struct netstat *before, const struct netstat *after)
{
	struct netstat difference;
	netstat_init(&difference);
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		uint64_t from = before->values[i];
		uint64_t to = after->values[i];
		/* Counters only grow; the check is for a change of namespace in between. */
		if (from != NETSTAT_ABSENT && to != NETSTAT_ABSENT) {
			difference.values[i] = to > from ? to - from : 0;
		}
	}
	return difference;
}

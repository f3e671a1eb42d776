/* SPDX-License-Identifier: MIT */
/* The kernel's TCP counters of this network namespace, and what a run added to them. */
#ifndef TCPGOON_NET_NETSTAT_H
#define TCPGOON_NET_NETSTAT_H

#include <stdint.h>

/* The counters that a rule reads or a report shows as evidence. */
enum netstat_counter {
	/* Of listeners: they concern the run only if the target is in this network namespace. */
	NETSTAT_LISTEN_OVERFLOWS,
	NETSTAT_LISTEN_DROPS,
	NETSTAT_REQUEST_QUEUE_DROPS,
	NETSTAT_SYNCOOKIES_SENT,
	NETSTAT_SYNCOOKIES_RECEIVED,
	NETSTAT_PASSIVE_OPENS,
	/* Of either side. */
	NETSTAT_SYN_RETRANSMITS,
	NETSTAT_ACTIVE_OPENS,
	NETSTAT_RESETS_SENT,
	NETSTAT_CHECKSUM_ERRORS,
	NETSTAT_TIME_WAITS,
	NETSTAT_TIME_WAITS_SHORT,
	NETSTAT_TIME_WAIT_OVERFLOWS,
	NETSTAT_ABORTS_ON_MEMORY,
	NETSTAT_MEMORY_PRESSURES,
	NETSTAT_RETRANSMIT_FAILS,
	NETSTAT_SYN_CHALLENGES,
	NETSTAT_IP_NO_ROUTES,
	NETSTAT_REVERSE_PATH_FILTERED,
	/*
	 * Packets handed to IP by TCP and others, and those that passed the filters of this host.
	 */
	NETSTAT_IP_REQUESTS,
	NETSTAT_IP_TRANSMITS, /* since Linux 6.6 */
	NETSTAT_IP6_REQUESTS,
	NETSTAT_IP6_TRANSMITS,
	NETSTAT_IP6_NO_ROUTES,
	NETSTAT_LO_IP6_REQUESTS, /* those over the loopback device */
	NETSTAT_LO_IP6_TRANSMITS,
	NETSTAT_LO_PACKETS, /* received over the loopback device */
	/* Packets received, and those that passed the filters of this host or were forwarded. */
	NETSTAT_IP_RECEIVES,
	NETSTAT_IP_DELIVERS,
	NETSTAT_IP_FORWARDED,
	NETSTAT_IP_MULTICASTS, /* received: many of them are for no socket here */
	NETSTAT_IP_BROADCASTS,
	NETSTAT_IP6_RECEIVES,
	NETSTAT_IP6_DELIVERS,
	NETSTAT_IP6_FORWARDED,
	NETSTAT_IP6_MULTICASTS,
	NETSTAT_XFRM_NO_STATES, /* packets that IPsec should have encrypted and could not */
	NETSTAT_CONNTRACK_DROPS, /* packets dropped because the tracker had no entry left */
	NETSTAT_CONNTRACK_EARLY_DROPS, /* entries evicted to make room */
	NETSTAT_MAX,
};

/* The kernel lacks this counter, or it was not read. */
#define NETSTAT_ABSENT UINT64_MAX

struct netstat {
	uint64_t values[NETSTAT_MAX];
};

/* Group and name in the kernel, as users of nstat(8) know them: "TcpExt.ListenOverflows". */
const char *netstat_name(enum netstat_counter counter);

/* Sets all counters to NETSTAT_ABSENT. */
void netstat_init(struct netstat *netstat);

/*
 * Sets the counters found in the text of /proc/net/snmp or /proc/net/netstat, and leaves the
 * others. Lines come in pairs, "Group: name name" and "Group: value value"; pairs that do not match
 * are skipped. Pure.
 */
void netstat_parse(struct netstat *netstat, const char *text);

/* The same for /proc/net/snmp6: a name and a value on each line. Pure. */
void netstat_parse_snmp6(struct netstat *netstat, const char *text);
/* The same for /proc/net/xfrm_stat. Pure. */
void netstat_parse_xfrm(struct netstat *netstat, const char *text);
/* The same for /proc/net/dev_snmp6/lo. Pure. */
void netstat_parse_snmp6_lo(struct netstat *netstat, const char *text);

/* The same for the loopback device in /proc/net/dev. Pure. */
void netstat_parse_devices(struct netstat *netstat, const char *text);

/*
 * The same for /proc/net/stat/nf_conntrack: a line of names, then one line of hexadecimal values
 * per processor, which are added up. Pure.
 */
void netstat_parse_conntrack(struct netstat *netstat, const char *text);

/* Reads all these files. Returns 0, or a negative errno if none can be read. */
int netstat_read(struct netstat *ret_netstat);

/* Reads the counters of the group TcpExt only. Returns 0 or a negative errno. */
int netstat_read_tcp(struct netstat *ret_netstat);

/* The value of a counter; 0 if it is absent. */
static inline uint64_t netstat_or_zero(const struct netstat *netstat, enum netstat_counter counter)
{
	uint64_t value = netstat->values[counter];
	return value == NETSTAT_ABSENT ? 0 : value;
}

/* How much each counter grew from `before` to `after`; absent if it is absent in either. */
struct netstat netstat_difference(const struct netstat *before, const struct netstat *after);

#endif

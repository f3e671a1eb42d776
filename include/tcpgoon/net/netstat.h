/* SPDX-License-Identifier: MIT */
/* The kernel's TCP counters of this network namespace, and what a run added to them. */
#ifndef TCPGOON_NET_NETSTAT_H
#define TCPGOON_NET_NETSTAT_H

#include <stdint.h>

/* Those that a rule reads, or that the report shows as evidence of what a rule says. */
enum netstat_counter {
	/* A listener's side: ours only where the target shares this namespace. */
	NETSTAT_LISTEN_OVERFLOWS,
	NETSTAT_LISTEN_DROPS,
	NETSTAT_REQUEST_QUEUE_DROPS,
	NETSTAT_SYNCOOKIES_SENT,
	NETSTAT_SYNCOOKIES_RECEIVED,
	NETSTAT_PASSIVE_OPENS,
	/* Either side. */
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
	/* What TCP and others gave to IP, and what came out behind the filters of this host. */
	NETSTAT_IP_REQUESTS,
	NETSTAT_IP_TRANSMITS, /* has no counter before Linux 6.6 */
	NETSTAT_IP6_REQUESTS,
	NETSTAT_IP6_TRANSMITS,
	NETSTAT_IP6_NO_ROUTES,
	NETSTAT_LO_IP6_REQUESTS, /* of them, by the loopback */
	NETSTAT_LO_IP6_TRANSMITS,
	NETSTAT_LO_PACKETS, /* that came in by the loopback */
	/* What came in, and what of it got behind the filters of this host, or on to another one. */
	NETSTAT_IP_RECEIVES,
	NETSTAT_IP_DELIVERS,
	NETSTAT_IP_FORWARDED,
	NETSTAT_IP_MULTICASTS, /* of what came in: much of it is for nobody here */
	NETSTAT_IP_BROADCASTS,
	NETSTAT_IP6_RECEIVES,
	NETSTAT_IP6_DELIVERS,
	NETSTAT_IP6_FORWARDED,
	NETSTAT_IP6_MULTICASTS,
	NETSTAT_XFRM_NO_STATES, /* packets that IPsec was to encrypt, and could not */
	NETSTAT_CONNTRACK_DROPS, /* packets for which the tracker had no entry left */
	NETSTAT_CONNTRACK_EARLY_DROPS, /* entries that had to make room */
	NETSTAT_MAX,
};

/* This kernel has no such counter, or it was not read. */
#define NETSTAT_ABSENT UINT64_MAX

struct netstat {
	uint64_t values[NETSTAT_MAX];
};

/* The kernel's own name behind its group, as nstat(8) users know it: "TcpExt.ListenOverflows". */
const char *netstat_name(enum netstat_counter counter);

/* All counters absent. */
void netstat_init(struct netstat *netstat);

/*
 * Sets what the text has, and leaves the others: for /proc/net/snmp and /proc/net/netstat, one
 * after the other. Lines come in pairs, "Group: name name" and "Group: value value"; a pair that
 * does not match is passed over. Pure.
 */
void netstat_parse(struct netstat *netstat, const char *text);

/* The same for /proc/net/snmp6: a name and a value on each line. Pure. */
void netstat_parse_snmp6(struct netstat *netstat, const char *text);
/* And for /proc/net/xfrm_stat. Pure. */
void netstat_parse_xfrm(struct netstat *netstat, const char *text);
/* And for /proc/net/dev_snmp6/lo. Pure. */
void netstat_parse_snmp6_lo(struct netstat *netstat, const char *text);

/* The same for /proc/net/dev: of the loopback. Pure. */
void netstat_parse_devices(struct netstat *netstat, const char *text);

/*
 * The same for /proc/net/stat/nf_conntrack: a line of names, and of each processor a line of
 * hexadecimal values, which are added up. Pure.
 */
void netstat_parse_conntrack(struct netstat *netstat, const char *text);

/* Reads these files. Returns 0, or a negative errno where none can be read. */
int netstat_read(struct netstat *ret_netstat);

/* Reads the counters of the group TcpExt only. Returns 0 or a negative errno. */
int netstat_read_tcp(struct netstat *ret_netstat);

/* Its value; 0 where the kernel has no such counter. */
static inline uint64_t netstat_or_zero(const struct netstat *netstat, enum netstat_counter counter)
{
	uint64_t value = netstat->values[counter];
	return value == NETSTAT_ABSENT ? 0 : value;
}

/* What was added from `before` to `after`; absent where one of them is. */
struct netstat netstat_difference(const struct netstat *before, const struct netstat *after);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an errno can tell, and what it cannot.
 *
 * The kernel turns ICMP errors into errnos by a table (icmp_err_convert in net/ipv4/icmp.c, and
 * tab_unreach in net/ipv6/icmp.c). For IPv4 "administratively prohibited" is lost there: net
 * prohibited (code 9) becomes ENETUNREACH, host prohibited (10) and filtered (13) EHOSTUNREACH, as
 * if a route were missing. For IPv6 it has an errno of its own: EACCES. So this module finds
 * CAUSE_PROHIBITED for IPv6 only; for IPv4 the code that reads the socket's error queue
 * (IP_RECVERR) has type and code, and replaces the cause. Protocol unreachable (ENOPROTOOPT) counts
 * as prohibited too: every host with a listener speaks TCP, so a filter sent it.
 *
 * The same errnos come from this machine itself, at once and without a packet: from its routes, or
 * EACCES from an LSM. Then the error queue has no ICMP message, and the code that has looked there
 * and asked for the route replaces the cause by a local one (run/refusal.c).
 *
 * A firewall on this machine is no exception: a rejected SYN comes back as the ICMP error or RST
 * that the rule asks for, and a dropped one is silence; TCP does not pass on the EPERM of its first
 * packet. Counters tell it from a firewall elsewhere, and so the findings do. EPERM comes from
 * hooks on the call itself: LSMs and cgroup programs.
 */
#include "tcpgoon/stats/cause.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "tcpgoon/base/clock.h"

static_assert(CAUSE_AT_ONCE_NS == 500 * NSEC_PER_MSEC, "the hints below say 500 ms");

struct cause_info {
	const char *name;
	enum cause_side side;
	const char *phrase;
	const char *hint;
};

static const struct cause_info causes[CAUSE_MAX] = {
	[CAUSE_NONE] = {"none", CAUSE_SIDE_NONE, "nothing went wrong", "Nothing to change."},
	[CAUSE_INTERRUPTED] = {"interrupted", CAUSE_SIDE_LOCAL, "interrupted by us",
		"The run ended before this was decided: let it run to its end."},
	[CAUSE_PORTS_EXHAUSTED] = {"ports_exhausted", CAUSE_SIDE_LOCAL, "no free local port",
		"Every local port to this target is in use: add source addresses or "
		"target ports, or wait until the TIME_WAIT of an earlier run is over."},
	[CAUSE_DESCRIPTORS] = {"descriptors", CAUSE_SIDE_LOCAL, "out of file descriptors",
		"This machine's limit on open files was reached: raise `ulimit -n` or the sysctl "
		"fs.file-max."},
	[CAUSE_MEMORY] = {"memory", CAUSE_SIDE_LOCAL, "out of memory",
		"The kernel had no memory for another socket: open fewer connections, or raise the "
		"sysctl net.ipv4.tcp_mem or the memory limit of the cgroup."},
	[CAUSE_NOT_PERMITTED] = {"not_permitted", CAUSE_SIDE_LOCAL, "not permitted here",
		"This machine forbids the call: check LSM rules (Landlock, AppArmor, "
		"SELinux), cgroup network filters and the container's profile; binding "
		"ports below 1024 needs privilege."},
	[CAUSE_SOURCE_INVALID] = {"source_invalid", CAUSE_SIDE_LOCAL, "source address unusable",
		"The source address is not one of this machine's, or cannot reach the target: give "
		"one that `ip address` lists, of the target's family and on a route to it."},
	[CAUSE_NO_ROUTE] = {"no_route", CAUSE_SIDE_LOCAL, "no route on this machine",
		"No SYN was sent, because this machine has no route to the target: "
		"compare `ip route get` with what you expect, and look for a device that "
		"is down."},
	[CAUSE_ROUTE_REFUSES] = {"route_refuses", CAUSE_SIDE_LOCAL,
		"refused by a route of this machine",
		"No SYN was sent, because a blackhole, unreachable or prohibit entry on "
		"this machine forbids it: check `ip route show table all` and `ip rule`."},
	[CAUSE_TIMED_OUT] = {"timed_out", CAUSE_SIDE_PATH, "no answer in time",
		"The SYNs were not answered: a firewall drops them, the host is down or its accept "
		"queue is full; try a longer dial timeout to tell slow from silent."},
	[CAUSE_NETWORK_UNREACHABLE] = {"network_unreachable", CAUSE_SIDE_PATH,
		"network unreachable",
		"A router on the way has no route to the target's network, or a firewall "
		"says so: find out which with traceroute."},
	[CAUSE_HOST_UNREACHABLE] = {"host_unreachable", CAUSE_SIDE_PATH, "host unreachable",
		"The last router found no such host, or a firewall says so: check the "
		"address, whether the host is up, and for IPv4 any rule that rejects."},
	[CAUSE_PROHIBITED] = {"prohibited", CAUSE_SIDE_PATH, "administratively prohibited",
		"A rule of a firewall or router rejects these connections: allow them "
		"there."},
	[CAUSE_SILENT] = {"silent", CAUSE_SIDE_PATH, "gone silent while held",
		"The peer no longer answers: it went down, the path broke, or a firewall or NAT "
		"forgot the connection; keepalives would have kept its entry alive."},
	[CAUSE_REFUSED] = {"refused", CAUSE_SIDE_REMOTE, "connection refused",
		"Nothing listens on that port, or a firewall rejects it: start the server, and "
		"check its address and port."},
	[CAUSE_RESET_IN_HANDSHAKE] = {"reset_in_handshake", CAUSE_SIDE_REMOTE,
		"reset in the handshake",
		"The connection was reset before it was of any use: look for a proxy or "
		"load balancer without a backend, or tcp_abort_on_overflow at the server."},
	[CAUSE_CLOSED_AT_ONCE] = {"closed_at_once", CAUSE_SIDE_REMOTE, "closed at once",
		"The peer closed it (FIN) within 500 ms of the handshake: a connection "
		"limit that closes the excess, a proxy without a backend, or an access "
		"list of the server."},
	[CAUSE_RESET_AT_ONCE] = {"reset_at_once", CAUSE_SIDE_REMOTE, "reset at once",
		"The peer reset it (RST) within 500 ms of the handshake: a proxy or load "
		"balancer without a backend, an access list, or a server that fails when "
		"it starts to serve."},
	[CAUSE_CLOSED_BY_PEER] = {"closed_by_peer", CAUSE_SIDE_REMOTE, "closed by the peer",
		"The server closed it (FIN): check its connection limit and its idle "
		"timeout."},
	[CAUSE_RESET_BY_PEER] = {"reset_by_peer", CAUSE_SIDE_REMOTE, "reset by the peer",
		"It was reset (RST) while held: the server crashed, restarted or aborted "
		"it, or a middlebox cut it; check its log for that moment."},
	[CAUSE_OTHER] = {"other", CAUSE_SIDE_LOCAL, "unexpected error",
		"The kernel gave an error that has no rule here: its number is in the "
		"report, and `errno -l` or errno(3) names it."},
};

static const char *const side_names[CAUSE_SIDE_MAX] = {
	[CAUSE_SIDE_NONE] = "none",
	[CAUSE_SIDE_LOCAL] = "local",
	[CAUSE_SIDE_PATH] = "path",
	[CAUSE_SIDE_REMOTE] = "remote",
};

static enum cause from_prepare(int error_number)
{
	switch (error_number) {
	case EADDRINUSE:
		return CAUSE_PORTS_EXHAUSTED;
	case EPERM:
	case EACCES:
		return CAUSE_NOT_PERMITTED;
	case EADDRNOTAVAIL:
	case EINVAL:
	case EAFNOSUPPORT:
	case ENODEV:
		return CAUSE_SOURCE_INVALID;
	}
	return CAUSE_OTHER;
}

/*
 * The errnos that ICMP causes, in the handshake and later alike. CAUSE_OTHER for any other errno.
 */
static enum cause from_path(int error_number)
{
	switch (error_number) {
	case ENETUNREACH:
	case ENETDOWN:
		return CAUSE_NETWORK_UNREACHABLE;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENONET:
		return CAUSE_HOST_UNREACHABLE;
	case EACCES:
	case ENOPROTOOPT:
		return CAUSE_PROHIBITED;
	case ECONNREFUSED:
		return CAUSE_REFUSED;
	}
	return CAUSE_OTHER;
}

static enum cause from_connect(int error_number)
{
	switch (error_number) {
	case EADDRINUSE:
	case EADDRNOTAVAIL:
		return CAUSE_PORTS_EXHAUSTED;
	case EPERM:
		return CAUSE_NOT_PERMITTED;
	case EINVAL:
	case EAFNOSUPPORT:
		return CAUSE_SOURCE_INVALID;
	case ETIMEDOUT:
	case ETIME:
		return CAUSE_TIMED_OUT;
	case ECONNRESET:
	case EPIPE:
		return CAUSE_RESET_IN_HANDSHAKE;
	}
	return from_path(error_number);
}

static enum cause from_hold(int error_number)
{
	switch (error_number) {
	case EPERM:
		return CAUSE_NOT_PERMITTED;
	case ETIMEDOUT:
		return CAUSE_SILENT;
	case ECONNRESET:
	case EPIPE: /* a RST after the peer's FIN */
		return CAUSE_RESET_BY_PEER;
	}
	return from_path(error_number);
}

enum cause cause_from_end(int error_number, uint64_t lifetime_ns)
{
	bool at_once = lifetime_ns < CAUSE_AT_ONCE_NS;
	if (error_number == 0) {
		return at_once ? CAUSE_CLOSED_AT_ONCE : CAUSE_CLOSED_BY_PEER;
	}
	enum cause cause = cause_from_errno(error_number, CAUSE_STAGE_HOLD);
	return cause == CAUSE_RESET_BY_PEER && at_once ? CAUSE_RESET_AT_ONCE : cause;
}

enum cause cause_from_errno(int error_number, enum cause_stage stage)
{
	/* Errnos that mean the same at any stage. */
	switch (error_number) {
	case ECANCELED:
	case EINTR:
		return CAUSE_INTERRUPTED;
	case EMFILE:
	case ENFILE:
		return CAUSE_DESCRIPTORS;
	case ENOMEM:
	case ENOBUFS:
		return CAUSE_MEMORY;
	}
	switch (stage) {
	case CAUSE_STAGE_PREPARE:
		return from_prepare(error_number);
	case CAUSE_STAGE_CONNECT:
		return from_connect(error_number);
	case CAUSE_STAGE_HOLD:
		return from_hold(error_number);
	}
	return CAUSE_OTHER;
}

static const struct cause_info *info_of(enum cause cause)
{
	assert((unsigned)cause < CAUSE_MAX);
	return &causes[cause];
}

enum cause_side cause_side(enum cause cause)
{
	return info_of(cause)->side;
}

const char *cause_name(enum cause cause)
{
	return info_of(cause)->name;
}

const char *cause_side_name(enum cause_side side)
{
	assert((unsigned)side < CAUSE_SIDE_MAX);
	return side_names[side];
}

const char *cause_phrase(enum cause cause)
{
	return info_of(cause)->phrase;
}

const char *cause_hint(enum cause cause)
{
	return info_of(cause)->hint;
}

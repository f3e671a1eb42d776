/* SPDX-License-Identifier: MIT */
/* Why a connection failed or ended: turns errno and stage into a named cause. */
#ifndef TCPGOON_STATS_CAUSE_H
#define TCPGOON_STATS_CAUSE_H

#include <stdint.h>

/* The side that a cause is on. */
enum cause_side {
	CAUSE_SIDE_NONE, /* nothing went wrong */
	CAUSE_SIDE_LOCAL, /* this machine: ports, descriptors, memory, our own ^C */
	CAUSE_SIDE_PATH, /* between: silence, unreachable, filtered */
	CAUSE_SIDE_REMOTE, /* the target: refused, closed, reset */
	CAUSE_SIDE_MAX,
};

/* When it happened: an errno means different things during and after the handshake. */
enum cause_stage {
	CAUSE_STAGE_PREPARE, /* socket, options, bind */
	CAUSE_STAGE_CONNECT, /* from the SYN to its answer */
	CAUSE_STAGE_HOLD, /* established and watched */
};

enum cause {
	CAUSE_NONE = 0,
	/* local */
	CAUSE_INTERRUPTED, /* ended by us before the dial was over */
	CAUSE_PORTS_EXHAUSTED, /* no free 4-tuple: EADDRINUSE; EADDRNOTAVAIL from connect */
	CAUSE_DESCRIPTORS, /* EMFILE, ENFILE */
	CAUSE_MEMORY, /* ENOMEM, ENOBUFS */
	CAUSE_NOT_PERMITTED, /* EPERM, EACCES: an LSM, a cgroup's filter */
	CAUSE_SOURCE_INVALID, /* EINVAL, EAFNOSUPPORT; EADDRNOTAVAIL from bind: not ours */
	CAUSE_NO_ROUTE, /* ENETUNREACH without a packet: this machine has no route */
	CAUSE_ROUTE_REFUSES, /* a blackhole, unreachable or prohibit route or rule of this machine */
	/* path */
	CAUSE_TIMED_OUT, /* no answer within the dial timeout, or ETIMEDOUT */
	CAUSE_NETWORK_UNREACHABLE, /* ENETUNREACH, told by ICMP */
	CAUSE_HOST_UNREACHABLE, /* EHOSTUNREACH, EHOSTDOWN: told by ICMP, or no answer to ARP */
	CAUSE_PROHIBITED, /* by an administrator, told by ICMP (atop cause.c) */
	CAUSE_SILENT, /* held, then retransmissions without an answer: ETIMEDOUT */
	/* remote */
	CAUSE_REFUSED, /* RST to the SYN: ECONNREFUSED */
	CAUSE_RESET_IN_HANDSHAKE, /* RST before anything else: ECONNRESET from connect */
	CAUSE_CLOSED_AT_ONCE, /* FIN within CAUSE_AT_ONCE_NS of the handshake */
	CAUSE_RESET_AT_ONCE, /* RST within CAUSE_AT_ONCE_NS of the handshake */
	CAUSE_CLOSED_BY_PEER, /* FIN while held */
	CAUSE_RESET_BY_PEER, /* RST while held */
	/* local, as everything that comes over the wire has a rule */
	CAUSE_OTHER, /* an errno without a rule; its number is kept */
	CAUSE_MAX,
};

/* A connection that ends this early was not closed for being idle. */
#define CAUSE_AT_ONCE_NS UINT64_C(500000000)

/*
 * The cause of the end of an established connection, `lifetime_ns` after its handshake. The error
 * is 0 for a FIN, or a positive errno.
 */
enum cause cause_from_end(int error_number, uint64_t lifetime_ns);

/*
 * The cause for a positive errno at a stage; never CAUSE_NONE. ECANCELED is CAUSE_INTERRUPTED:
 * callers that cancel a dial because it timed out use CAUSE_TIMED_OUT themselves.
 */
enum cause cause_from_errno(int error_number, enum cause_stage stage);

enum cause_side cause_side(enum cause cause);

/* Stable snake_case word for reports: "refused", "timed_out". */
const char *cause_name(enum cause cause);
/* "local", "path", "remote", "none". */
const char *cause_side_name(enum cause_side side);
/* Short phrase for people: "connection refused". */
const char *cause_phrase(enum cause cause);
/* One sentence: what it usually means and what to change. */
const char *cause_hint(enum cause cause);

#endif

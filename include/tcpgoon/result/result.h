/* SPDX-License-Identifier: MIT */
/* The outcome of a run: numbers only, without any ring or socket. */
#ifndef TCPGOON_RESULT_RESULT_H
#define TCPGOON_RESULT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/net/link.h"
#include "tcpgoon/net/netstat.h"
#include "tcpgoon/net/route.h"
#include "tcpgoon/net/ruleset.h"
#include "tcpgoon/result/result_settings.h"
#include "tcpgoon/result/series.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/result/times_kind.h"
#include "tcpgoon/result/totals.h"
#include "tcpgoon/stats/cause.h"
#include "tcpgoon/stats/histogram.h"

/* How often a cause occurred, and when first and last (ns since the start of the run). */
struct cause_tally {
	uint64_t count;
	uint64_t first_ns;
	uint64_t last_ns;
	int last_errno; /* positive; 0 where there was none */
};

/* A number that this run does not know. */
#define RESULT_UNKNOWN UINT64_MAX

/* Why the run ended. */
enum result_end {
	RESULT_COMPLETED, /* every connection decided, the hold over */
	RESULT_INTERRUPTED, /* SIGINT, SIGTERM or SIGHUP */
	RESULT_ABORTED, /* the observer ended it: a threshold was crossed */
	RESULT_NOT_STARTED, /* nothing was dialled: see `error` */
	RESULT_FAILED, /* this program could not go on: see `error` */
};

/*
 * What the kernel said about our sockets. It was asked about each one once: before the socket was
 * closed, or when the run was over.
 */
struct kernel_view {
	bool possible; /* it could be asked: the tuples are known, and sock_diag answered */
	/*
	 * Positive: why it could not be asked, or not about the `unanswered`. 0 if it was not
	 * possible: the kernel chose the ports, so the tuples are not known.
	 */
	int error_number;
	uint64_t asked; /* connections that it was asked about */
	uint64_t unanswered; /* further connections that it could not be asked about */
	uint64_t agreed; /* asked, and in the state that our table had them in */
	uint64_t missing; /* asked, open in our table and not known to the kernel */
	uint64_t too_young; /* asked, but established too recently for a repeat */
	/* Asked: the SYN-ACK may have been repeated, and it is not known what followed. */
	uint64_t doubtful;
	/*
	 * Asked, an upper bound: the SYN-ACK was repeated a second after the first, and not again.
	 */
	uint64_t repeated_once;
	uint64_t syn_retransmits; /* SYNs that were retransmitted */
	uint64_t retransmitted; /* connections whose SYN was retransmitted */
	/*
	 * The part of both that no loss explains, as SYNs and as connections. Stale: the connection
	 * was established sooner than a lost SYN is retransmitted. The peer rejected the first SYN
	 * because it still had an earlier connection of the same 4-tuple. Slow: the answer to the
	 * first SYN came, but took longer than the kernel waits for it.
	 */
	uint64_t stale_syns;
	uint64_t stale_tuples;
	uint64_t slow_syns;
	uint64_t slow_answers;
	/*
	 * Open connections to a listener of this host that no program has accepted, and those whose
	 * other end the kernel does not have. RESULT_UNKNOWN: it was not asked, because nothing
	 * waited in the listener's queue and handshakes made no fewer connections than are
	 * established.
	 */
	uint64_t not_accepted;
	uint64_t no_other_end;
	uint64_t cost_ns; /* time that asking took */
};

/*
 * A lost SYN is retransmitted after a second: a connection that was established in less than about
 * a second and a round trip lost none.
 */
#define KERNEL_VIEW_SYN_LOSS_MIN_US UINT32_C(900000)

/*
 * A server repeats its SYN-ACK after a second: a younger connection cannot show that it is
 * confirmed.
 */
#define KERNEL_VIEW_YOUNG_NS UINT64_C(1200000000)

/*
 * How often this program stalled, stopped or without a CPU, and how many times span a stall: these
 * are in none of the histograms.
 */
struct stall_view {
	uint64_t count;
	uint64_t total_ns;
	uint64_t longest_ns;
	uint64_t suspended_ns; /* of the total: the whole machine was suspended */
	uint64_t run_delay_ns; /* ready without a CPU, in the whole run; may be RESULT_UNKNOWN */
	uint64_t connect_apart; /* times of connections that were established */
	uint64_t failure_apart; /* times of connections that failed */
	uint64_t lifetime_apart; /* times of connections that were dropped */
};

/*
 * How the connections that were open at the end were closed. With --close fin each has one fate
 * once it is closed; RESULT_UNKNOWN: the kernel could not be asked, or there was no FIN.
 */
struct closing_view {
	uint64_t closed; /* open at the end, and closed by us */
	uint64_t half_closed; /* closed by SHUTDOWN first, because the peer had sent data */
	uint64_t acknowledged; /* the peer's TCP has answered the FIN */
	uint64_t unanswered; /* neither the FIN nor its retransmission was answered in time */
	uint64_t reset; /* at least this many ended by a RST, from either side */
	uint64_t undetermined; /* none of these, by the time we stopped looking */
	uint64_t waited_ns; /* for the answers, after the last was closed */
};

/* A server that is only busy has emptied its queue by this time after the last dial. */
#define LISTENER_EMPTIED_NS UINT64_C(1000000000)

/*
 * The target's listening socket, if it is in this network namespace. Of several targets, the one
 * that dropped the most; if none dropped any, the one whose queue was the fullest for its size. If
 * there are too many targets for a tally, none is looked at.
 */
struct listener_view {
	bool here; /* a target is an address of this host */
	size_t target; /* whose it is, where there are several */
	bool known; /* there was a listener, at the start or at the end */
	bool known_at_start;
	bool known_at_end;
	bool look_failed; /* a look failed, at the start or at the end: a listener may be unknown */
	uint64_t listened_at_end; /* bit i: on target i */
	uint32_t backlog;
	uint32_t queued_most; /* seen waiting to be accepted, at the start or at the end */
	uint32_t queued_at_start;
	uint32_t queued_at_end;
	/*
	 * How many connections the queues of all targets lost (negative: gained) since a look at
	 * them during the hold, this long before the end; 0 ns: there was no look.
	 */
	int64_t drained;
	uint64_t drained_for_ns;
	/* SYNs and last ACKs that this socket had no room for; RESULT_UNKNOWN: it does not tell. */
	uint64_t dropped;
};

/* What became of the connections to one of several targets; local failures are not among them. */
struct target_tally {
	struct address address; /* with its port */
	uint64_t established;
	uint64_t failed;
};

/* With more targets than this, none has a tally. */
#define RESULT_TARGETS_MAX 64

/* Dials from one source to one target that this machine refused itself, without a packet. */
struct refusal {
	struct address source; /* family AF_UNSPEC: it was not bound; its port does not count */
	struct address target; /* with its port */
	int error_number; /* of connect */
	enum cause cause;
	/*
	 * The route or rule that refuses; if it is not permitted, the security modules of the
	 * kernel.
	 */
	char by[ROUTE_TEXT_MAX]; /* empty: not known */
	char down[IF_NAMESIZE]; /* a device that is down and would be on the route; empty: none */
	uint64_t count;
};

/* Beyond this number of kinds, only the causes are counted. */
#define RESULT_REFUSALS_MAX 8

/* ICMP errors that ended dials, as the error queues of their sockets have them. */
struct icmp_view {
	uint64_t told; /* dials */
	uint64_t told_here; /* of them, those whose message came from an address of this host */
};

/* How packets to a target left this machine, when the run was over. */
struct way {
	struct address target; /* with its port */
	struct address source; /* without its port; family AF_UNSPEC: not bound */
	uint64_t failed; /* dials to it that this machine had not refused at once */
	bool local; /* it is an address of this host */
	struct link_view device; /* without a name: not known */
	struct address
		next_hop; /* the neighbour that must be asked for: a gateway, or the target */
	enum neighbour_state neighbour;
};

/* If more targets have failures, the first ones are kept. */
#define RESULT_WAYS_MAX 8

/* Whether this host drops packets that come in by another device than the answer would leave by. */
struct reverse_path {
	bool all; /* net.ipv4.conf.all.rp_filter is set */
	char device[IF_NAMESIZE]; /* otherwise the first device that has it set; empty: none */
};

/* How failures are grouped, besides by target: see struct failure_group. */
enum group_kind {
	GROUP_SOURCE, /* the address that was dialled from */
	GROUP_FAMILY, /* IPv4 or IPv6 */
	GROUP_PORT, /* the port that was dialled */
	GROUP_KINDS,
};

/*
 * Connections that share a source address, a family or a port, where any of them failed or ended.
 */
struct failure_group {
	struct address address; /* GROUP_SOURCE: the source; else a target of this family or port */
	uint64_t dialed; /* or could not be dialled, because this machine lacked something */
	uint64_t undecided; /* of the dialled, when the run was ended early */
	uint32_t causes[CAUSE_MAX]; /* of those that failed or ended */
	uint64_t first_rejected; /* as in struct result; RESULT_UNKNOWN: none was rejected */
	uint64_t before_rejected; /* connections of this group dialled before that one */
};

/* If more groups have failures, those that failed first are listed. */
#define RESULT_GROUPS_MAX 32

/* A group that is the whole run is not listed: it tells nothing apart. */
struct failure_groups {
	struct failure_group list[RESULT_GROUPS_MAX];
	size_t count;
	uint64_t unlisted; /* connections that failed or ended in further groups */
};

/* Tables of this host, when the run was over and nothing was closed yet. UINT64_MAX: not known. */
struct host_tables {
	uint64_t conntrack_used;
	uint64_t conntrack_max; /* 0: unlimited */
	uint64_t time_wait_used;
	uint64_t time_wait_max;
};

/*
 * What the run left for other programs of this host, when it was over and nothing was closed yet.
 * UINT64_MAX: not known.
 */
struct leftover {
	/*
	 * Ports that this network namespace hands out by itself, without those that the run has
	 * bound. Other programs may have bound some, so this is an upper bound.
	 */
	uint64_t ports;
	uint64_t ports_of;
	uint64_t files; /* of fs.file-max */
	uint64_t files_of;
	uint64_t memory_bytes; /* available */
	uint64_t memory_of_bytes;
};

/* The kernel accounts for CPU time in ticks: if dialling took less, a share says nothing. */
#define GENERATOR_CPU_MIN_NS UINT64_C(50000000)

/* From this share of a CPU on, a run without a pace is as fast as this program gets. */
#define GENERATOR_CPU_BOUND 0.9

/* If all dials are within this time, their rate says nothing: the first ones are in one batch. */
#define GENERATOR_RATE_MIN_NS UINT64_C(1000000)

/* A dial that begins this much after its due time is late. */
#define GENERATOR_LATE_NS UINT64_C(10000000)

#define RESULT_ENGINE_MAX 16

/* The generator's own state. */
struct generator {
	uint64_t cpu_ns; /* of this process, while dialling */
	uint64_t cpu_wait_ns; /* ready without a CPU meanwhile; may be RESULT_UNKNOWN */
	uint64_t last_dial_ns; /* since the start */
	uint64_t late; /* dials that began more than GENERATOR_LATE_NS after their due time */
	uint64_t late_spells; /* runs of consecutive late dials */
	uint64_t cq_overflows; /* completions that did not fit into their queue (none is lost) */
	uint64_t lines_dropped; /* status and debugging lines that were not read in time */
	uint32_t
		resolution_us; /* of `connect`: average span in which a dial's start is not known */
	uint32_t lanes;
	char engine
		[RESULT_ENGINE_MAX]; /* how connections reached the kernel; empty: they did not */
	/*
	 * The tightest CPU quota of its control groups, for each period; RESULT_UNKNOWN: none
	 * found.
	 */
	uint64_t quota_ns;
	uint64_t quota_period_ns;
	uint64_t throttled; /* how often a quota stopped one of the groups while it dialled */
	uint64_t throttled_ns; /* and for how long, of all processors together */
	char quota_file[CGROUP_PATH_MAX];
};

#define HOST_KERNEL_MAX 65

/* The machine that the run was made on. Counts are RESULT_UNKNOWN if it does not tell. */
struct host_view {
	char kernel[HOST_KERNEL_MAX]; /* its release, as in uname -r; empty: not known */
	uint64_t cpus; /* online */
	uint64_t cpus_allowed; /* those that affinity and cpusets allow this process */
	uint64_t memory_bytes;
	uint64_t nofile; /* soft limit of open files of this process; RESULT_UNKNOWN: none */
	uint64_t port_low; /* net.ipv4.ip_local_port_range */
	uint64_t port_high;
	uint64_t syn_retries; /* net.ipv4.tcp_syn_retries */
};

struct connection_list;

struct result {
	struct result_settings settings; /* what it came from */
	struct schedule schedule; /* the pace that they ask for */
	uint64_t started_at_ns; /* since the epoch */
	struct address target; /* the first address dialled, with its port */
	struct totals totals;
	/*
	 * During the run, the present counts; then those before we began to close open connections.
	 */
	struct snapshot at_end;
	/*
	 * Of the established, a lower and an upper bound of how many the peer has not completed.
	 * The upper bound is higher if some could not tell, because they were too young or not
	 * known to the kernel. RESULT_UNKNOWN for the first: nothing is known about any; for both:
	 * nothing was asked.
	 */
	uint64_t unconfirmed;
	uint64_t unconfirmed_most;
	uint64_t received_from; /* of the established: the peer sent data before the run ended */
	uint64_t max_concurrent;
	uint64_t duration_ns; /* from the start to the end of the hold, without the teardown */
	/* From the start until the last was decided, or until now; RESULT_UNKNOWN: not measured. */
	uint64_t dialing_ns;
	struct histogram times[TIMES_MAX];
	struct cause_tally causes[CAUSE_MAX];
	struct series series;
	struct kernel_view kernel;
	struct closing_view closing;
	struct stall_view stalls;
	struct netstat network; /* what the run added to the counters of this network namespace */
	struct listener_view listener;
	struct target_tally targets[RESULT_TARGETS_MAX]; /* connection i has the i-th, in turns */
	size_t target_count; /* 0: there is but one, or too many */
	struct failure_groups groups[GROUP_KINDS];
	/*
	 * The lowest and the highest index (dialled first and last) of the connections that the
	 * path or the target rejected, or ended at once; RESULT_UNKNOWN: there is none.
	 */
	uint64_t first_rejected;
	uint64_t last_rejected;
	/*
	 * Of the dials that timed out, those that the kernel gave up before the dial timeout,
	 * because of its net.ipv4.tcp_syn_retries.
	 */
	uint64_t given_up_by_kernel;
	struct host_tables tables;
	struct refusal refusals[RESULT_REFUSALS_MAX];
	size_t refusal_count;
	struct icmp_view icmp;
	struct way ways[RESULT_WAYS_MAX];
	size_t way_count;
	struct reverse_path reverse_path;
	struct ruleset_match own_rules[RULESET_DEEDS]; /* that may have done so to what it sent */
	struct leftover left;
	struct generator generator;
	struct host_view machine;
	enum result_end end;
	struct error error; /* why this program could not do its work; empty: it could */
	bool local_limit; /* not started, as the limits of this machine do not allow the run */
	bool held; /* the run was asked to hold its connections */
	struct connection_list *connections; /* owned; NULL: nobody asked for each connection */
};

/*
 * Dials a second, from the first, at the start, to the last; without the wait for answers. 0: not
 * known, because there were fewer than two dials or too short a time between them.
 */
double result_dial_rate(const struct result *result);

/*
 * The dials a second that were asked for on average, from the first dial to the last that began; if
 * there were fewer than two, to the last of the schedule. 0: no pace, or all at one instant.
 */
double result_pace_asked(const struct result *result);

/* Whether dialling took long enough that a share of CPU time means something. */
static inline bool result_knows_cpu_share(const struct result *result)
{
	return result->dialing_ns != RESULT_UNKNOWN && result->dialing_ns >= GENERATOR_CPU_MIN_NS;
}

/* CPU time by elapsed time while dialling, if that is known: 1 is one whole CPU. */
static inline double result_cpu_share(const struct result *result)
{
	return (double)result->generator.cpu_ns / (double)result->dialing_ns;
}

/* Whether a run without a pace used a whole CPU: its rate is that of this machine. */
static inline bool result_is_cpu_bound(const struct result *result)
{
	return !schedule_is_paced(&result->schedule) && result_knows_cpu_share(result) &&
		result_cpu_share(result) >= GENERATOR_CPU_BOUND;
}

/* "source", "family", "port". */
const char *group_kind_name(enum group_kind kind);
/* What the connections of a group share: "192.0.2.1", "IPv6", "8080". Returns `buffer`. */
char *failure_group_value(
	enum group_kind kind, const struct failure_group *group, char buffer[ADDRESS_TEXT_MAX]);

/*
 * How many of the connections open at the end the server's program is known to have accepted. An
 * idle connection cannot tell; the listening socket can, if it is on this host, and data do.
 */
uint64_t result_accepted_at_least(const struct result *result);

/* Connections that failed because this machine lacked something. */
uint64_t result_failed_here(const struct result *result);

/* Connections that failed because of the path or the target. */
static inline uint64_t result_failed_there(const struct result *result)
{
	uint64_t here = result_failed_here(result);
	return result->totals.failed > here ? result->totals.failed - here : 0;
}

/* How much a counter of this network namespace grew during the run; 0 if the kernel has none. */
static inline uint64_t result_added(const struct result *result, enum netstat_counter counter)
{
	return netstat_or_zero(&result->network, counter);
}

/* Connections that retransmitted a SYN because of a loss, and how many SYNs these were. */
static inline uint64_t result_lost_a_syn(const struct result *result)
{
	return result->kernel.retransmitted - result->kernel.stale_tuples -
		result->kernel.slow_answers;
}

static inline uint64_t result_resent_for_loss(const struct result *result)
{
	return result->kernel.syn_retransmits - result->kernel.stale_syns -
		result->kernel.slow_syns;
}

/* Returns 0 or -ENOMEM. */
int result_init(struct result *result);
void result_finish(struct result *result);

/*
 * Copies the settings that describe the run, with the schedule that they ask for. Returns 0, or
 * -ENOMEM and leaves the result as it was.
 */
int result_set_settings(struct result *result, const struct settings *settings);

#endif

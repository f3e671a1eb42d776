/* SPDX-License-Identifier: MIT */
/*
 * A peer that never got the last ACK of the handshake, or dropped it because its accept queue was
 * full, repeats its SYN-ACK: the connection is established here and not there. Here this shows only
 * as segments beyond the first SYN-ACK, and healthy peers send such segments too:
 *
 *   keepalives                   at any interval
 *   window updates               one or two, from a SYN proxy
 *   the SYN-ACK after a delay    once: TCP_DEFER_ACCEPT, at the end of its period
 *   the SYN-ACK of a lost ACK    once: the second ACK arrives
 *   the SYN-ACK again            within a round trip that takes longer than a second
 *
 * So one segment proves nothing. A peer that has not completed the connection repeats its SYN-ACK
 * on a schedule: at 1, 3, 7, 15 and 31 seconds (Linux; it gives up earlier with many half-open
 * connections, and so do other peers). TcpExt.TCPSYNChallenge counts each SYN-ACK that comes to an
 * established connection, and no keepalive. It is a counter of the whole network namespace, so it
 * cannot show that a connection got a repeat, but while it does not grow, none got one. The counter
 * is read a few times a second, so that each instant of the schedule can be looked up.
 *
 * A connection counts as not completed if two or more repeats came, each when it was due; repeats
 * that were sent before our ACK could arrive do not count. A peer that stops after one repeat has
 * completed the connection: late, or in its usual way. (A SYN proxy that answers for the server
 * with timestamps of its own is an example: the server refuses its ACK, and takes the one with
 * which the client answers the repeat.) A peer that stops after two has either completed the
 * connection late or given it up: it is not known which.
 *
 * This cannot see a peer that sends no second repeat (net.ipv4.tcp_synack_retries=1), a peer that
 * begins with three seconds, as systems did before 2011, or a peer that keeps no half-open
 * connections (SYN cookies): that one drops the last ACK and never repeats anything.
 */
#include "run/repeats.h"

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/netstat.h"

void challenges_init(struct challenges *challenges, uint64_t value, uint64_t now_ns)
{
	*challenges = (struct challenges){
		.known = value != NETSTAT_ABSENT,
		.first = value,
		.looked_ns = now_ns,
	};
}

static uint64_t last_value(const struct challenges *challenges)
{
	return challenges->count == 0 ? challenges->first
				      : challenges->changes[challenges->count - 1].value;
}

void challenges_add(struct challenges *challenges, uint64_t value, uint64_t now_ns)
{
	if (value == NETSTAT_ABSENT) {
		challenges->known = false;
	}
	if (!challenges->known) {
		return;
	}
	if (value > last_value(challenges)) {
		if (challenges->count < CHALLENGES_CHANGES_MAX) {
			challenges->changes[challenges->count++].since_ns = challenges->looked_ns;
		} /* else the last two become one with a less certain instant */
		struct challenges_change *change = &challenges->changes[challenges->count - 1];
		change->at_ns = now_ns;
		change->value = value;
	}
	challenges->looked_ns = now_ns;
}

uint64_t challenges_between(const struct challenges *challenges, uint64_t from_ns, uint64_t to_ns)
{
	if (!challenges->known) {
		return UINT64_MAX;
	}
	uint64_t before = challenges->first;
	uint64_t after = challenges->first;
	for (size_t i = 0; i < challenges->count; i++) {
		const struct challenges_change *change = &challenges->changes[i];
		before = change->at_ns <= from_ns ? change->value : before;
		after = change->since_ns < to_ns ? change->value : after;
	}
	return after - before;
}

uint64_t challenges_total(const struct challenges *challenges)
{
	return challenges_between(challenges, 0, UINT64_MAX);
}

/* Window updates that a SYN proxy may send. */
#define OTHER_SEGMENTS_MAX 2

/* By the schedule: 1, 3, 7 ... seconds. */
static uint64_t due_ns(unsigned n)
{
	return ((UINT64_C(1) << n) - 1) * NSEC_PER_SEC;
}

/* The kernel's timers are late by up to an eighth of their length. */
static uint64_t tolerance_ns(unsigned n)
{
	return due_ns(n) / 8;
}

uint64_t repeats_come_by_ns(unsigned n)
{
	return due_ns(n) + tolerance_ns(n) + 200 * NSEC_PER_MSEC;
}

/* Whether any connection of this network namespace got a repeat when the n-th one was due. */
static bool was_seen(
	const struct challenges *challenges, const struct repeats_signs *signs, unsigned n)
{
	uint64_t from_ns = signs->established_ns + due_ns(n) - tolerance_ns(n);
	uint64_t to_ns = signs->established_ns + repeats_come_by_ns(n);
	return challenges_between(challenges, from_ns, to_ns) > 0;
}

/* Repeats that the peer sends before the first ACK can have reached it. */
static unsigned sent_before_ack(const struct repeats_signs *signs)
{
	unsigned count = 0;
	while (count < REPEATS_MAX &&
		due_ns(count + 1) <= signs->round_trip_ns + signs->round_trip_ns / 8) {
		count++;
	}
	return count;
}

enum repeats repeats_judge(const struct challenges *challenges, const struct repeats_signs *signs)
{
	uint64_t age_ns = signs->now_ns - signs->established_ns;
	unsigned due_at_least = 0; /* repeats that must have come */
	unsigned due_at_most = 0;
	unsigned seen = 0; /* without a gap */
	for (unsigned n = 1; n <= REPEATS_MAX; n++) {
		due_at_least += repeats_come_by_ns(n) <= age_ns;
		due_at_most += due_ns(n) - tolerance_ns(n) <= age_ns;
	}
	while (seen < due_at_least && was_seen(challenges, signs, seen + 1)) {
		seen++;
	}
	uint64_t explained = due_at_most + OTHER_SEGMENTS_MAX + signs->syn_retransmits;
	if (signs->segments == 0 || signs->segments > explained ||
		challenges_total(challenges) == 0) {
		return REPEATS_NONE;
	}
	unsigned in_vain = sent_before_ack(signs);
	unsigned needed = in_vain + 2;
	if (seen == due_at_least && due_at_least < needed) {
		return REPEATS_PENDING;
	}
	if (seen < needed || signs->segments < needed) {
		return seen > in_vain ? REPEATS_ONCE : REPEATS_NONE;
	}
	return seen == due_at_least ? REPEATS_GOING_ON : REPEATS_STOPPED;
}

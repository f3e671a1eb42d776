/* SPDX-License-Identifier: MIT */
/*
 * A peer that never got the last ACK of the handshake, or dropped it as its accept queue was full,
 * repeats its SYN-ACK: the connection is established here and not there. All that shows of it here
 * are segments beyond the first SYN-ACK, and healthy peers send such segments too:
 *
 *   keepalives                   at any interval
 *   window updates               one or two, from a SYN proxy
 *   the SYN-ACK after a delay    once: TCP_DEFER_ACCEPT, at the end of its period
 *   the SYN-ACK of a lost ACK    once: the second ACK arrives
 *   the SYN-ACK again            within a round trip, where that takes longer than a second
 *
 * So one segment proves nothing. A peer that has not completed the connection repeats its SYN-ACK on
 * a schedule: at 1, 3, 7, 15 and 31 seconds (Linux; with many half-open connections, or with other
 * peers, it gives up earlier). TcpExt.TCPSYNChallenge counts each SYN-ACK that comes to an
 * established connection, and no keepalive. It is a counter of the whole network namespace, so it
 * cannot show that a connection got a repeat, but it shows that none got one where it stood still.
 * The counter is read a few times a second, and so each instant of the schedule can be looked up.
 *
 * A connection counts as not completed when two repeats or more came, each when it was due, after
 * those that were sent before its ACK could be there. A peer
 * that stops after one has completed it: late, or as it does always. (A SYN proxy that answers for
 * the server with timestamps of its own is an example: the server refuses its ACK, and takes the one
 * with which the client answers the repeat.) A peer that stops after two has either completed the
 * connection late or given it up: that is not known.
 *
 * What this cannot see: a peer that sends no second repeat (net.ipv4.tcp_synack_retries=1), one that
 * begins with three seconds, as systems did before 2011, and one that keeps no half-open connections
 * (SYN cookies): it drops the last ACK and never repeats anything.
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
		} /* else the last two become one that is less certain of its instant */
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

/* The window updates of a SYN proxy. */
#define OTHER_SEGMENTS_MAX 2

/* By the schedule: 1, 3, 7 ... seconds. */
static uint64_t due_ns(unsigned n)
{
	return ((UINT64_C(1) << n) - 1) * NSEC_PER_SEC;
}

/* The kernel's timers are late by up to an eighth of what they wait for. */
static uint64_t tolerance_ns(unsigned n)
{
	return due_ns(n) / 8;
}

uint64_t repeats_come_by_ns(unsigned n)
{
	return due_ns(n) + tolerance_ns(n) + 200 * NSEC_PER_MSEC;
}

/* Whether any connection of this network got a SYN-ACK again when the n-th repeat was due. */
static bool was_seen(
	const struct challenges *challenges, const struct repeats_signs *signs, unsigned n)
{
	uint64_t from_ns = signs->established_ns + due_ns(n) - tolerance_ns(n);
	uint64_t to_ns = signs->established_ns + repeats_come_by_ns(n);
	return challenges_between(challenges, from_ns, to_ns) > 0;
}

/* Repeats that leave the peer before the first ACK can have come to it. */
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

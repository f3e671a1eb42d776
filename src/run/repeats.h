/* SPDX-License-Identifier: MIT */
/* Whether a peer goes on repeating its SYN-ACK to a connection that is established here. */
#ifndef TCPGOON_RUN_REPEATS_H
#define TCPGOON_RUN_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The counter is read this often while a repeat may come, until this long after the last dial. */
#define CHALLENGES_PERIOD_NS UINT64_C(250000000)
#define CHALLENGES_WATCHED_NS UINT64_C(40000000000)

#define CHALLENGES_CHANGES_MAX 192

/* A change of the counter: after `since_ns`, and not after `at_ns`. */
struct challenges_change {
	uint64_t since_ns;
	uint64_t at_ns;
	uint64_t value;
};

/* TcpExt.TCPSYNChallenge over a run. If the kernel does not report it, it may have any value. */
struct challenges {
	bool known;
	uint64_t first; /* value */
	uint64_t looked_ns; /* when the counter was last read */
	struct challenges_change changes[CHALLENGES_CHANGES_MAX];
	size_t count;
};

/* `value` is NETSTAT_ABSENT if the counter cannot be read. */
void challenges_init(struct challenges *challenges, uint64_t value, uint64_t now_ns);
void challenges_add(struct challenges *challenges, uint64_t value, uint64_t now_ns);

/* The most that the counter can have grown between two instants; UINT64_MAX if it is not known. */
uint64_t challenges_between(const struct challenges *challenges, uint64_t from_ns, uint64_t to_ns);
/* The same for the whole run. */
uint64_t challenges_total(const struct challenges *challenges);

/* A SYN-ACK is repeated after 1, 3, 7, 15 and 31 seconds. */
#define REPEATS_MAX 5

/* The age by which a connection's n-th repeat (from 1) has come, including the kernel's delay. */
uint64_t repeats_come_by_ns(unsigned n);

enum repeats {
	REPEATS_NONE,
	REPEATS_PENDING, /* perhaps one, and the second is not due yet */
	REPEATS_ONCE, /* perhaps one, and no second one when it was due */
	REPEATS_GOING_ON, /* two or more: all that were due */
	REPEATS_STOPPED, /* two or more, and then none when one was due */
};

/* What the kernel said of an established connection that has carried no data. */
struct repeats_signs {
	uint64_t established_ns;
	uint64_t now_ns;
	uint64_t round_trip_ns;
	uint32_t segments; /* received beyond the SYN-ACK */
	uint32_t syn_retransmits;
};

enum repeats repeats_judge(const struct challenges *challenges, const struct repeats_signs *signs);

#endif

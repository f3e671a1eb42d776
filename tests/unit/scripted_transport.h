/* SPDX-License-Identifier: MIT */
/*
 * A transport without a kernel, and the clock that goes with it. A test says what becomes of each
 * dial, in steps; all else comes as from a transport that keeps to transport.h. What its user must
 * not do, as to close a slot in which something is in flight, fails the test.
 */
#ifndef SCRIPTED_TRANSPORT_H
#define SCRIPTED_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/transport/transport.h"

/* Where the clock stands when a script begins. */
#define SCRIPT_START_NS UINT64_C(5000000000000)

/* From when on the time of a step counts. */
enum script_cue {
	SCRIPT_END, /* there is no such step, and none behind it */
	ON_DIAL, /* the instant of the dial, or that at which it is due */
	ON_DISARM, /* the others: the call; where a fate has steps for it, it has no other effect */
	ON_GIVE_UP,
	ON_STOP,
	ON_HALF_CLOSE,
	ON_CLOSE,
};

struct script_step {
	enum script_cue cue;
	enum transport_event_kind kind;
	uint64_t after_ns;
	int error_number;
	const struct icmp_message *icmp;
	/*
	 * An event too many: a double, or where `uses_ago` is not 0, of an earlier use of the slot.
	 * The transport itself takes no notice of it.
	 */
	bool stray;
	uint16_t uses_ago;
};

/* How the peer answers the FIN of a close. */
enum script_fin {
	SCRIPT_FIN_ANSWERED,
	SCRIPT_FIN_RESET, /* by a RST: then the kernel knows nothing of the connection any more */
	SCRIPT_FIN_LOST,
};

#define SCRIPT_STEPS_MAX 8

/* What becomes of a dial. An IDLE follows its FAILED or ENDED, so much later. */
struct script_fate {
	struct script_step steps[SCRIPT_STEPS_MAX];
	uint64_t idle_after_ns;
	enum script_fin fin;
};

struct script_dial {
	struct slot slot;
	struct address source; /* that its socket was bound to */
	struct address target;
	uint64_t due_ns; /* as given: 0 is at once */
	uint64_t at_ns; /* when dial() was called */
};

enum script_call {
	CALL_CREATE,
	CALL_PLACE,
	CALL_DIAL,
	CALL_DISARM,
	CALL_GIVE_UP,
	CALL_STOP,
	CALL_HALF_CLOSE,
	CALL_CLOSE,
	CALL_WATCH_FD,
	CALL_WAIT,
	SCRIPT_CALLS,
};

/* Calls that fail, counted from 1. */
struct script_failure {
	uint64_t from;
	uint64_t times; /* 0: none */
	int code;
};

struct script_slot {
	bool has_socket;
	bool in_flight; /* dialled, and not IDLE */
	bool answered; /* ANSWERED, CONNECTED or FAILED was handed over */
	bool open; /* CONNECTED */
	bool ended; /* FAILED or ENDED: IDLE comes by itself */
	bool peer_closed; /* by a FIN */
	bool reset; /* by the peer, or it was never established */
	bool fin_sent; /* by half_close() or close() */
	bool fin_first; /* and the peer's had not come */
	bool closing; /* close() was called, and RELEASED has not come */
	bool answers_fin; /* as close() was told */
	uint16_t generation;
	uint64_t due_ns;
	struct address source;
	struct address target;
	const struct script_fate *fate;
};

struct script_event;

struct script {
	struct transport transport; /* first */

	/* Set by the test. */
	const struct script_fate *fate; /* of each dial, where there is no function */
	const struct script_fate *(*choose_fate)(void *context, const struct script_dial *dial);
	/* A descriptor is watched from now on. NULL: that is nothing to the test. */
	void (*on_watch)(void *context, int fd, uint32_t id);
	void *context;
	struct script_failure failures[SCRIPT_CALLS];
	uint32_t room; /* what place() takes in at once */
	uint64_t harvest_most; /* events that one harvest has, as a queue is no larger; 0: all */
	uint64_t wait_ns; /* that each wait takes at least */

	/* What was done. */
	uint64_t calls[SCRIPT_CALLS];
	struct script_dial *dials;
	size_t dial_count;
	uint64_t time_waits; /* connections that came to TIME_WAIT */
	uint64_t orphans; /* that are closed and wait for the answer to their FIN */
	uint64_t destroyed; /* so often */
	struct transport_params params; /* of create() */
	struct script_slot *slots;
	uint64_t slot_count;

	uint64_t now_ns;
	uint64_t boot_apart_ns; /* CLOCK_BOOTTIME is ahead by so much */
	struct script_event *events; /* a heap, the next in front */
	size_t event_count;
	size_t event_capacity;
	uint64_t sequence;
	struct script_stall {
		uint64_t at_ns;
		uint64_t length_ns; /* 0: there is none */
		bool suspended;
	} stall;
	struct script_watch {
		int fd;
		uint32_t id;
		bool armed;
		bool readable;
	} watches[4];
	size_t watch_count;
	uint64_t idle_waits; /* one after the other that brought neither time nor event */
};

extern const struct transport_ops transport_scripted;

/* The script that transport_scripted and the clock follow, until script_end(). One at a time. */
struct script *script_begin(void);
void script_end(void);
/* The one that has begun; NULL: there is none, and the clock is the real one. */
struct script *script_current(void);

/* Something happens in the slot's use of now, `after_ns` from now; IDLE follows a last word. */
void script_add_step(struct script *script, uint32_t slot, const struct script_step *step);
/* An event in which the transport had no part: at that instant, behind those that are there. */
void script_add_stray(struct script *script, uint64_t at_ns, const struct transport_event *event);
/* Calls the function at that instant, before what comes later. */
void script_add_action(
	struct script *script, uint64_t at_ns, void (*action)(void *context), void *context);
/* The descriptor can be read from that instant on. */
void script_add_ready(struct script *script, uint64_t at_ns, int fd);
/*
 * The wait that would reach at_ns wakes `length_ns` after it. `suspended`: the machine stood still,
 * and not this program alone: then CLOCK_MONOTONIC stood as well, and only CLOCK_BOOTTIME went on.
 */
void script_set_stall(struct script *script, uint64_t at_ns, uint64_t length_ns, bool suspended);

/* A socket is still in so many slots. */
uint64_t script_count_sockets(const struct script *script);

#endif

/* SPDX-License-Identifier: MIT */
/* Many lanes driven by one thread: one place to wait, one to harvest. */
#ifndef TCPGOON_URING_LANES_H
#define TCPGOON_URING_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/uring/lane.h"
#include "tcpgoon/uring/token.h"

/* The operation number that the lanes keep for themselves; owners use 1 to 254. */
#define LANES_OPERATION_WAKE 255

struct lanes {
	struct patience patience; /* of all of them: must not move */
	struct lane *list; /* owned */
	unsigned count;
	unsigned capacity; /* of the list */
	uint32_t slots_per_lane;
	uint64_t memlock_left; /* what is left of the locked memory for all rings */

	/* Waiting over more than one lane: see the essay in lanes.c. */
	int wake_fd;
	uint64_t wake_value;
	bool wake_armed;
	bool scanning;
	uint64_t window_start_ns;
	uint32_t window_completions;
};

struct lanes_params {
	uint64_t slots; /* direct descriptors wanted in total, at least 1 */
	uint64_t table_max; /* slots of one table: the soft limit of open files */
	uint64_t memlock; /* bytes of locked memory that the rings may take together */
	int watch_fd; /* a signalfd, readable when the run is to end; -1: none */
};

/* Slots that lanes_init() gives each lane if `slots` are wanted in total. */
uint32_t lanes_slots_per_lane(uint64_t slots, uint64_t table_max);
/* Bytes of locked memory that this many lanes take: within `memlock`, or else the minimum. */
uint64_t lanes_memory(uint64_t lanes, uint64_t memlock);

/* Returns 0 or a negative errno with a message; lanes_finish() is due either way. */
int lanes_init(struct lanes *lanes, const struct lanes_params *params, struct error *error);
/* The same with the first lane only, and with what the others would need: for a trial. */
int lanes_init_first(struct lanes *lanes, const struct lanes_params *params, struct error *error);
void lanes_finish(struct lanes *lanes);

/*
 * Adds a lane, as large as the others, for an owner that cannot know how many slots it will need.
 * The lanes may move in memory: never call it in a handler, and keep no pointer to a lane across
 * it. Returns 0, or a negative errno with a message and the lanes as they were.
 */
int lanes_add(struct lanes *lanes, struct error *error);

/* Completions that did not fit into the completion queues; the kernel keeps them, none is lost. */
uint64_t lanes_overflows(const struct lanes *lanes);

static inline struct lane *lanes_of_index(struct lanes *lanes, uint32_t index)
{
	return &lanes->list[index / lanes->slots_per_lane];
}

static inline uint32_t lanes_slot_of_index(const struct lanes *lanes, uint32_t index)
{
	return index % lanes->slots_per_lane;
}

/*
 * Submits what is queued on any lane and returns when any lane has a completion, at the latest at
 * `until_ns` (CLOCK_NEVER: no limit; now_ns or earlier: at once).
 * Returns 0 or a negative errno with a message.
 */
int lanes_wait(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns, struct error *error);

/* Whether any lane has a completion, or queued requests or deferred work that may produce one. */
bool lanes_have_work(struct lanes *lanes);

/* Explains the `code` of a request or of a wait, unless `error` has a message. Returns the code. */
int lanes_explain(const struct lanes *lanes, int code, struct error *error);

/* One completion: its lane, its token, the result and the CQE's flags. */
typedef int lanes_handler(
	void *context, struct lane *lane, struct token token, int result, unsigned flags);

/*
 * Hands every available completion to `handler`, which may queue requests on any lane. Stops at the
 * first negative errno of the handler and returns it; otherwise returns 0.
 */
int lanes_harvest(struct lanes *lanes, lanes_handler *handler, void *context);

#endif

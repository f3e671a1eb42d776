/* SPDX-License-Identifier: MIT */
/* The dial timeout: whose is over, and when the next one will be. */
#ifndef TCPGOON_RUN_DEADLINE_H
#define TCPGOON_RUN_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "run/table.h"

struct deadline {
	const struct table *table;
	uint64_t timeout_ns; /* from the dial on */
	uint64_t not_before_ns; /* none is over before: this program had stood still */
	uint64_t first; /* dials of the connections below are decided, or were handed out */
};

/* Whether the connection is waiting for its answer, and has been for all of its time. */
bool deadline_is_over(const struct deadline *deadline, uint32_t index, uint64_t now_ns);

/* Hands out, once, a connection whose time is over at now_ns; false where there is none. */
bool deadline_take(struct deadline *deadline, uint64_t now_ns, uint32_t *ret_index);

/*
 * This program stood still for so long, until now_ns: what fell due meanwhile is given a moment, as
 * its answer may not have been seen, or the kernel had stood still as well. No dial that begins from
 * now on is given more time by that.
 */
void deadline_stalled(struct deadline *deadline, uint64_t length_ns, uint64_t now_ns);

/* The connection is to be dialled again: its time is over once more, and later. */
void deadline_again(struct deadline *deadline, uint32_t index);

/*
 * The instant at which there is one to hand out, asked after all were; CLOCK_NEVER where nothing is
 * being dialled.
 */
uint64_t deadline_next_ns(const struct deadline *deadline);

#endif

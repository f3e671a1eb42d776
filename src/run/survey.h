/* SPDX-License-Identifier: MIT */
/* Asks the kernel about connections before their sockets are closed. */
#ifndef TCPGOON_RUN_SURVEY_H
#define TCPGOON_RUN_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "run/index_list.h"
#include "run/repeats.h"
#include "run/table.h"
#include "run/tuple_pool.h"
#include "tcpgoon/net/sockdiag_lookup.h"

/* Connections that one batch asks about. */
#define SURVEY_BATCH SOCKDIAG_LOOKUP_MAX

struct survey {
	struct table *table;
	const struct tuple_pool *pool;
	struct sockdiag diag;
	unsigned failures; /* questions without an answer in a row */
	struct index_list waiting; /* connections that have ended and are not closed yet */
	struct index_list doubted; /* open connections whose SYN-ACK may have been repeated */
	uint64_t again_ns; /* when every doubted one can be judged */
	struct challenges challenges;
	uint64_t told; /* open connections that were old enough to show the following */
	uint64_t pending; /* we did not wait for the second repeat of the SYN-ACK */
	uint64_t once; /* the second repeat did not come */
	uint64_t going_on; /* the peer repeats its SYN-ACK each time that a repeat is due */
	uint64_t stopped; /* the peer repeated its SYN-ACK and stopped, for an unknown reason */
	/* The questions and answers of one batch: too large for a small stack. */
	struct sockdiag_pair pairs[SURVEY_BATCH];
	struct sockdiag_socket sockets[SURVEY_BATCH];
};

/* Never fails: if the kernel cannot be asked, the result says so. */
void survey_init(struct survey *survey, struct table *table, const struct tuple_pool *pool);
void survey_finish(struct survey *survey);

/* Reads the counter of repeated SYN-ACKs. */
void survey_watch(struct survey *survey, uint64_t now_ns);
/* When to read it next, until some time after the last dial; CLOCK_NEVER: not any more. */
uint64_t survey_watch_ns(const struct survey *survey);

/*
 * The connection has ended and its socket is still there: puts it on the list to be asked about,
 * and holds CONN_QUESTIONED so that it is not closed before. Does nothing if the kernel cannot be
 * asked.
 */
void survey_add(struct survey *survey, uint32_t index);

/* Takes up to SURVEY_BATCH connections off that list. Returns how many. */
size_t survey_take(struct survey *survey, uint32_t indices[SURVEY_BATCH]);

/* Asks, and keeps the answers in the result. */
void survey_ask(struct survey *survey, const uint32_t *indices, size_t count, uint64_t now_ns);

/* What the kernel knows of them now; the result keeps none of it. Returns 0 or a negative errno. */
int survey_look(struct survey *survey, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[SURVEY_BATCH]);

/*
 * To be called once all have been asked about: from when on the doubted can be judged, at most some
 * seconds later; CLOCK_NEVER if there are none, or no more.
 */
uint64_t survey_again_ns(const struct survey *survey);
/* Asks a batch of the doubted again. */
void survey_ask_again(struct survey *survey, uint64_t now_ns);

/* The survey is over: puts what all connections showed into the result. */
void survey_conclude(struct survey *survey);

#endif

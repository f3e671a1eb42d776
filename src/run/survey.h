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

/* Connections that are asked about at once. */
#define SURVEY_BATCH SOCKDIAG_LOOKUP_MAX

struct survey {
	struct table *table;
	const struct tuple_pool *pool;
	struct sockdiag diag;
	unsigned failures; /* questions without an answer, one after the other */
	struct index_list waiting; /* have ended and are not closed yet */
	struct index_list doubted; /* open; their SYN-ACK may have been repeated */
	uint64_t again_ns; /* when all of the doubted can tell */
	struct challenges challenges;
	uint64_t told; /* open connections that were old enough to show what follows */
	uint64_t pending; /* the second repeat of the SYN-ACK was not waited for */
	uint64_t once; /* it did not come */
	uint64_t going_on; /* the peer repeats its SYN-ACK whenever that is due */
	uint64_t stopped; /* it repeated it, and stopped, and why does not show */
	/* The questions and answers of one batch: too large for a small stack. */
	struct sockdiag_pair pairs[SURVEY_BATCH];
	struct sockdiag_socket sockets[SURVEY_BATCH];
};

/* Never fails: where the kernel cannot be asked, the result says so. */
void survey_init(struct survey *survey, struct table *table, const struct tuple_pool *pool);
void survey_finish(struct survey *survey);

/* Reads the counter of repeated SYN-ACKs. */
void survey_watch(struct survey *survey, uint64_t now_ns);
/* When that is due next, after the last dial; CLOCK_NEVER: not any more. */
uint64_t survey_watch_ns(const struct survey *survey);

/*
 * The connection has ended and its socket is still there: it shall be asked about before it is
 * closed, and holds CONN_QUESTIONED until then. Where nothing can be asked, nothing is held.
 */
void survey_add(struct survey *survey, uint32_t index);

/* Takes up to SURVEY_BATCH of those that wait. Returns how many. */
size_t survey_take(struct survey *survey, uint32_t indices[SURVEY_BATCH]);

/* Asks, and keeps what is said in the result. */
void survey_ask(struct survey *survey, const uint32_t *indices, size_t count, uint64_t now_ns);

/* What the kernel knows of them now; nothing is kept of it. Returns 0 or a negative errno. */
int survey_look(struct survey *survey, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[SURVEY_BATCH]);

/*
 * All have been asked about. The instant from which on the doubted can tell, at most some seconds
 * later; CLOCK_NEVER where there are none, any more.
 */
uint64_t survey_again_ns(const struct survey *survey);
/* Asks a batch of the doubted again. */
void survey_ask_again(struct survey *survey, uint64_t now_ns);

/* Nobody will be asked any more: puts what all of them showed into the result. */
void survey_conclude(struct survey *survey);

#endif

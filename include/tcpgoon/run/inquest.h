/* SPDX-License-Identifier: MIT */
/* Asks the kernel about connections before their sockets are closed. */
#ifndef TCPGOON_RUN_INQUEST_H
#define TCPGOON_RUN_INQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/sockdiag_lookup.h"
#include "tcpgoon/run/dialer.h"
#include "tcpgoon/run/table.h"

/* Connections that are asked about at once. */
#define INQUEST_BATCH SOCKDIAG_LOOKUP_MAX

struct inquest {
	struct table *table;
	const struct dialer *dialer; /* knows the tuples */
	struct sockdiag diag;
	uint32_t *waiting; /* owned: connections that have ended and are not closed yet */
	uint32_t waiting_count;
	uint32_t waiting_capacity;
	uint64_t told; /* open connections that showed whether the peer had confirmed them */
	/* The questions and answers of one batch: too large for a small stack. */
	struct sockdiag_pair pairs[INQUEST_BATCH];
	struct sockdiag_socket sockets[INQUEST_BATCH];
};

/* Never fails: where the kernel cannot be asked, the result says so. */
void inquest_init(struct inquest *inquest, struct table *table, const struct dialer *dialer);
void inquest_finish(struct inquest *inquest);

/*
 * The connection has ended and its socket is still there: it shall be asked about before it is
 * closed, and holds CONN_QUESTIONED until then. Where nothing can be asked, nothing is held.
 */
void inquest_add(struct inquest *inquest, uint32_t index);

/* Takes up to INQUEST_BATCH of those that wait. Returns how many. */
size_t inquest_take(struct inquest *inquest, uint32_t indices[INQUEST_BATCH]);

/* Asks, and keeps what is said in the result. */
void inquest_ask(struct inquest *inquest, const uint32_t *indices, size_t count, uint64_t now_ns);

/* What the kernel knows of them now; nothing is kept of it. Returns 0 or a negative errno. */
int inquest_look(struct inquest *inquest, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[INQUEST_BATCH]);

/* All have been asked about: what none of the open ones could show is not known. */
void inquest_conclude(struct inquest *inquest);

#endif

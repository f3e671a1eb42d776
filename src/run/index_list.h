/* SPDX-License-Identifier: MIT */
/* A growing list of connections, by their index in the table. */
#ifndef TCPGOON_RUN_INDEX_LIST_H
#define TCPGOON_RUN_INDEX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct index_list {
	uint32_t *indices; /* owned */
	uint32_t count;
	uint32_t capacity;
};

/* Appends one. Returns false if there is no memory for it. */
bool index_list_push(struct index_list *list, uint32_t index);

/* Takes up to `most` off the end. Returns how many. */
size_t index_list_pop(struct index_list *list, uint32_t *ret_indices, size_t most);

void index_list_finish(struct index_list *list);

#endif

/* SPDX-License-Identifier: MIT */
/* Connections in the order in which they were added, each with an instant. */
#ifndef TCPGOON_SERVER_PLACE_LIST_H
#define TCPGOON_SERVER_PLACE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "server/place.h"

/* Links are numbers of places over all blocks, from 1; 0: none. */
struct place_link {
	uint32_t older;
	uint32_t newer;
	uint64_t at_ns; /* 0: not in the list */
};

struct place_list {
	struct place_link **blocks; /* owned */
	uint32_t block_count;
	uint32_t slots_per_block;
	uint32_t oldest;
	uint32_t newest;
	uint64_t count;
};

/* Owns nothing; has no room until place_list_add_block(). */
void place_list_init(struct place_list *list, uint32_t slots_per_block);
void place_list_finish(struct place_list *list);

/* Room for the places of one more block. Returns 0 or -ENOMEM. */
int place_list_add_block(struct place_list *list);

/* The place is not in the list, and the instant not 0. */
void place_list_append(struct place_list *list, struct place place, uint64_t at_ns);

/* Whether the place was in the list. */
bool place_list_remove(struct place_list *list, struct place place);

/* False if the list is empty. */
bool place_list_oldest(const struct place_list *list, struct place *ret_place, uint64_t *ret_at_ns);

/* The next newer one than `place`, which is in the list; false if there is none. */
bool place_list_newer(const struct place_list *list, struct place place, struct place *ret_place);

/* The instant of a place; 0 if it is not in the list. */
uint64_t place_list_at(const struct place_list *list, struct place place);

#endif

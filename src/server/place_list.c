/* SPDX-License-Identifier: MIT */
/*
 * A list with links in both directions, kept beside the connections: appending, taking the oldest
 * and removing one from the middle (its peer has closed) each take the same few instructions,
 * however many there are. Sixteen bytes a connection, in blocks that the kernel fills with pages as
 * they are used.
 */
#include "server/place_list.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void place_list_init(struct place_list *list, uint32_t slots_per_block)
{
	*list = (struct place_list){.slots_per_block = slots_per_block};
}

void place_list_finish(struct place_list *list)
{
	for (uint32_t i = 0; i < list->block_count; i++) {
		free(list->blocks[i]);
	}
	free(list->blocks);
	*list = (struct place_list){0};
}

int place_list_add_block(struct place_list *list)
{
	struct place_link **blocks =
		reallocarray(list->blocks, list->block_count + 1, sizeof(*blocks));
	if (blocks == NULL) {
		return -ENOMEM;
	}
	list->blocks = blocks;
	struct place_link *links = calloc(list->slots_per_block, sizeof(*links));
	if (links == NULL) {
		return -ENOMEM;
	}
	blocks[list->block_count++] = links;
	return 0;
}

static uint32_t number_of(const struct place_list *list, struct place place)
{
	return place.block * list->slots_per_block + place.slot + 1;
}

static struct place place_of(const struct place_list *list, uint32_t number)
{
	return (struct place){
		.block = (number - 1) / list->slots_per_block,
		.slot = (number - 1) % list->slots_per_block,
	};
}

static struct place_link *link_of(const struct place_list *list, struct place place)
{
	return &list->blocks[place.block][place.slot];
}

static struct place_link *link_at(const struct place_list *list, uint32_t number)
{
	return link_of(list, place_of(list, number));
}

void place_list_append(struct place_list *list, struct place place, uint64_t at_ns)
{
	struct place_link *link = link_of(list, place);
	assert(link->at_ns == 0 && at_ns != 0);
	uint32_t number = number_of(list, place);
	*link = (struct place_link){.older = list->newest, .at_ns = at_ns};
	if (list->newest != 0) {
		link_at(list, list->newest)->newer = number;
	} else {
		list->oldest = number;
	}
	list->newest = number;
	list->count++;
}

bool place_list_remove(struct place_list *list, struct place place)
{
	if (place_list_at(list, place) == 0) {
		return false;
	}
	struct place_link *link = link_of(list, place);
	if (link->older != 0) {
		link_at(list, link->older)->newer = link->newer;
	} else {
		list->oldest = link->newer;
	}
	if (link->newer != 0) {
		link_at(list, link->newer)->older = link->older;
	} else {
		list->newest = link->older;
	}
	*link = (struct place_link){0};
	list->count--;
	return true;
}

bool place_list_oldest(const struct place_list *list, struct place *ret_place, uint64_t *ret_at_ns)
{
	if (list->oldest == 0) {
		return false;
	}
	*ret_place = place_of(list, list->oldest);
	*ret_at_ns = link_of(list, *ret_place)->at_ns;
	return true;
}

bool place_list_newer(const struct place_list *list, struct place place, struct place *ret_place)
{
	uint32_t newer = link_of(list, place)->newer;
	if (newer == 0) {
		return false;
	}
	*ret_place = place_of(list, newer);
	return true;
}

uint64_t place_list_at(const struct place_list *list, struct place place)
{
	return place.block < list->block_count ? link_of(list, place)->at_ns : 0;
}

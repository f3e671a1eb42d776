/* SPDX-License-Identifier: MIT */
#include "run/index_list.h"

#include <stdlib.h>

#define FIRST_CAPACITY 256

bool index_list_push(struct index_list *list, uint32_t index)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity == 0 ? FIRST_CAPACITY : list->capacity * 2;
		uint32_t *grown = reallocarray(list->indices, capacity, sizeof(*grown));
		if (grown == NULL) {
			return false;
		}
		list->indices = grown;
		list->capacity = capacity;
	}
	list->indices[list->count++] = index;
	return true;
}

size_t index_list_pop(struct index_list *list, uint32_t *ret_indices, size_t most)
{
	size_t count = 0;
	while (count < most && list->count > 0) {
		ret_indices[count++] = list->indices[--list->count];
	}
	return count;
}

void index_list_finish(struct index_list *list)
{
	free(list->indices);
	*list = (struct index_list){0};
}

/* SPDX-License-Identifier: MIT */
/* A few texts in the order in which they were given: the values of a repeatable option. */
#ifndef TCPGOON_BASE_TEXT_LIST_H
#define TCPGOON_BASE_TEXT_LIST_H

#include <stddef.h>

#define TEXT_LIST_MAX 64

/* The texts belong to whoever gave them, or to the list where text_list_add_copy() made them. */
struct text_list {
	const char *items[TEXT_LIST_MAX];
	size_t count;
};

/* Appends a copy. Returns 0, -ENOMEM or -E2BIG where the list is full. */
int text_list_add_copy(struct text_list *list, const char *text);

/* Frees the texts of a list that has copies alone, and empties it. */
void text_list_free_copies(struct text_list *list);

#endif

/* SPDX-License-Identifier: MIT */
/* A few texts in the order in which they were given: the values of a repeatable option. */
#ifndef TCPGOON_BASE_TEXT_LIST_H
#define TCPGOON_BASE_TEXT_LIST_H

#include <stddef.h>

#define TEXT_LIST_MAX 64

/* The texts belong to whoever gave them. */
struct text_list {
	const char *items[TEXT_LIST_MAX];
	size_t count;
};

#endif

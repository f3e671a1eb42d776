/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/text_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int text_list_add_copy(struct text_list *list, const char *text)
{
	if (list->count == TEXT_LIST_MAX) {
		return -E2BIG;
	}
	char *copy = strdup(text);
	if (copy == NULL) {
		return -ENOMEM;
	}
	list->items[list->count++] = copy;
	return 0;
}

void text_list_free_copies(struct text_list *list)
{
	while (list->count > 0) {
		free((void *)list->items[--list->count]);
	}
}

/* SPDX-License-Identifier: MIT */
/* Says why SYNs to a target would not leave this machine. */
#ifndef TCPGOON_CLI_ROUTE_WORDS_H
#define TCPGOON_CLI_ROUTE_WORDS_H

#include <stdbool.h>

#include "tcpgoon/base/address.h"

#define ROUTE_WORDS_MAX 320

/*
 * False if the route from `source` (NULL: the kernel chooses) to `target` is sound, or cannot be
 * asked for.
 */
bool route_words(const struct address *source, const struct address *target,
	char ret_words[ROUTE_WORDS_MAX]);

#endif

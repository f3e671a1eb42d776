/* SPDX-License-Identifier: MIT */
/* Says why SYNs to a target would not leave this machine. */
#ifndef TCPGOON_CLI_ROUTE_WORDS_H
#define TCPGOON_CLI_ROUTE_WORDS_H

#include <stdbool.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/plan/plan.h"

#define ROUTE_WORDS_MAX 320

/*
 * False if the route from `source` (NULL: the kernel chooses) to `target` is sound, or cannot be
 * asked for.
 */
bool route_words(const struct address *source, const struct address *target,
	char ret_words[ROUTE_WORDS_MAX]);

/*
 * The next route of the plan that is not sound, from target *target on, which it moves behind it.
 * Targets take turns, so the first ones have distinct hosts: others are not looked at. False if
 * there is none.
 */
bool route_words_next(const struct plan *plan, size_t *target, char ret_words[ROUTE_WORDS_MAX]);

#endif

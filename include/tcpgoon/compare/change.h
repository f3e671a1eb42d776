/* SPDX-License-Identifier: MIT */
/* What --fail-if of a comparison says: METRIC[.STATISTIC] OPERATOR [+|-]PERCENT. */
#ifndef TCPGOON_COMPARE_CHANGE_H
#define TCPGOON_COMPARE_CHANGE_H

#include <stddef.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"

#define CHANGE_TEXT_MAX 100
#define CHANGE_RULES_MAX 64

enum change_relation {
	CHANGE_ABOVE,
	CHANGE_AT_LEAST,
	CHANGE_BELOW,
	CHANGE_AT_MOST,
	CHANGE_RELATIONS,
};

struct change_rule {
	char text[CHANGE_TEXT_MAX + 1]; /* as given */
	size_t measure; /* its index among the numbers that are compared */
	enum change_relation relation;
	double limit; /* of B against A: 0.1 is ten percent more */
};

struct change_rules {
	struct change_rule list[CHANGE_RULES_MAX];
	size_t count;
};

/*
 * Reads the expressions. Returns 0, or -EINVAL with a message that names the option, quotes the
 * expression and says what was expected.
 */
int change_rules_read(
	struct change_rules *ret_rules, const struct text_list *fail_if, struct error *error);

#endif

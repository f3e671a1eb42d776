/* SPDX-License-Identifier: MIT */
#include "tcpgoon/compare/change.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare/measure.h"

/* Those of two characters first. */
static const struct {
	const char *text;
	enum change_relation relation;
} relations[CHANGE_RELATIONS] = {
	{">=", CHANGE_AT_LEAST},
	{"<=", CHANGE_AT_MOST},
	{">", CHANGE_ABOVE},
	{"<", CHANGE_BELOW},
};

static int find_measure(const char *text, size_t length, size_t *ret_measure)
{
	struct measure measure;
	for (size_t i = 0; measure_at(i, &measure); i++) {
		char name[MEASURE_NAME_MAX];
		measure_name(&measure, name);
		if (strlen(name) == length && memcmp(name, text, length) == 0) {
			*ret_measure = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* "+10%", "-0.5 %": the whole text. */
static bool parse_percent(const char *text, double *ret_ratio)
{
	text += strspn(text, " \t");
	char *end;
	/* strtod takes words and hexadecimal numbers too. */
	size_t length = strspn(text, "+-.0123456789");
	double percent = strtod(text, &end);
	if (length == 0 || end != text + length || !isfinite(percent)) {
		return false;
	}
	end += strspn(end, " \t");
	if (*end != '%' || end[1 + strspn(end + 1, " \t")] != '\0') {
		return false;
	}
	*ret_ratio = percent / 100;
	return true;
}

static int read_rule(const char *text, struct change_rule *ret_rule, struct error *error)
{
	struct change_rule rule = {0};
	size_t text_length = strlen(text);
	if (text_length > CHANGE_TEXT_MAX) {
		return error_set(
			error, -EINVAL, "an expression has at most %d characters", CHANGE_TEXT_MAX);
	}
	memcpy(rule.text, text, text_length + 1);
	const char *name = text + strspn(text, " \t");
	size_t length = strcspn(name, " \t<>=");
	if (find_measure(name, length, &rule.measure) < 0) {
		return error_set(error, -EINVAL,
			"'%s': expected a metric first, as in connect.p99>+10%% or "
			"errors>+50%%",
			text);
	}
	const char *at = name + length + strspn(name + length, " \t");
	size_t i = 0;
	while (i < CHANGE_RELATIONS &&
		strncmp(at, relations[i].text, strlen(relations[i].text)) != 0) {
		i++;
	}
	if (i == CHANGE_RELATIONS) {
		return error_set(
			error, -EINVAL, "'%s': expected one of > >= < <= behind the metric", text);
	}
	rule.relation = relations[i].relation;
	if (!parse_percent(at + strlen(relations[i].text), &rule.limit)) {
		return error_set(error, -EINVAL,
			"'%s': expected the change in percent behind the operator: +10%%, -5%%",
			text);
	}
	*ret_rule = rule;
	return 0;
}

int change_rules_read(
	struct change_rules *ret_rules, const struct text_list *fail_if, struct error *error)
{
	ret_rules->count = 0;
	for (size_t i = 0; i < fail_if->count; i++) {
		if (ret_rules->count == CHANGE_RULES_MAX) {
			return error_set(error, -EINVAL, "--fail-if: more than %d expressions",
				CHANGE_RULES_MAX);
		}
		int r = read_rule(fail_if->items[i], &ret_rules->list[ret_rules->count], error);
		if (r < 0) {
			error_prefix(error, "--fail-if");
			return r;
		}
		ret_rules->count++;
	}
	return 0;
}

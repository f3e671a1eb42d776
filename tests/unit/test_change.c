/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "compare/measure.h"
#include "tcpgoon/compare/change.h"

static int read_one(const char *text, struct change_rule *ret_rule, struct error *error)
{
	struct change_rules rules;
	struct text_list list = {.items = {text}, .count = 1};
	int r = change_rules_read(&rules, &list, error);
	if (r == 0) {
		*ret_rule = rules.list[0];
	}
	return r;
}

static void expressions_are_read(void **state)
{
	(void)state;
	const struct {
		const char *text;
		const char *name;
		enum change_relation relation;
		double limit;
	} cases[] = {
		{"connect.p99>+10%", "connect.p99", CHANGE_ABOVE, 0.1},
		{"connect.p99.9 >= 10 %", "connect.p99.9", CHANGE_AT_LEAST, 0.1},
		{"  rate\t< -5% ", "rate", CHANGE_BELOW, -0.05},
		{"handshake.mean<=-0.5%", "handshake.mean", CHANGE_AT_MOST, -0.005},
		{"errors>0%", "errors", CHANGE_ABOVE, 0},
		{"cpu>+200%", "cpu", CHANGE_ABOVE, 2},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct change_rule rule;
		struct measure measure;
		char name[MEASURE_NAME_MAX];
		assert_int_equal(read_one(cases[i].text, &rule, NULL), 0);
		assert_string_equal(rule.text, cases[i].text);
		assert_true(measure_at(rule.measure, &measure));
		assert_string_equal(measure_name(&measure, name), cases[i].name);
		assert_int_equal(rule.relation, cases[i].relation);
		assert_true(fabs(rule.limit - cases[i].limit) < 1e-12);
	}
}

static void what_is_no_change_is_refused(void **state)
{
	(void)state;
	const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"", "a metric"},
		{"connect>+10%", "a metric"},
		{"connect.p98>+10%", "a metric"},
		{"speed>+10%", "a metric"},
		{"max-concurrent>+10%", "a metric"},
		{"connect.p99", "> >= < <="},
		{"connect.p99=+10%", "> >= < <="},
		{"connect.p99 == +10%", "> >= < <="},
		{"connect.p99>10", "in percent"},
		{"connect.p99>10ms", "in percent"},
		{"connect.p99>%", "in percent"},
		{"connect.p99>+-10%", "in percent"},
		{"connect.p99>0x10%", "in percent"},
		{"connect.p99>inf%", "in percent"},
		{"connect.p99>10%%", "in percent"},
		{"connect.p99>10% more", "in percent"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct change_rule rule;
		struct error error = ERROR_INIT;
		assert_int_equal(read_one(cases[i].text, &rule, &error), -EINVAL);
		assert_memory_equal(error.text, "--fail-if: ", 11);
		if (strstr(error.text, cases[i].expected) == NULL) {
			fail_msg("'%s': %s", cases[i].text, error.text);
		}
	}
}

static void there_are_bounds(void **state)
{
	(void)state;
	struct change_rules rules;
	struct text_list list = {.count = CHANGE_RULES_MAX};
	for (size_t i = 0; i < list.count; i++) {
		list.items[i] = "rate<-5%";
	}
	assert_int_equal(change_rules_read(&rules, &list, NULL), 0);
	assert_int_equal(rules.count, CHANGE_RULES_MAX);
	char text[CHANGE_TEXT_MAX + 2];
	memset(text, ' ', sizeof(text));
	memcpy(text, "rate<-5%", 8);
	text[CHANGE_TEXT_MAX] = '\0';
	struct change_rule rule;
	assert_int_equal(read_one(text, &rule, NULL), 0);
	text[CHANGE_TEXT_MAX] = ' ';
	text[CHANGE_TEXT_MAX + 1] = '\0';
	assert_int_equal(read_one(text, &rule, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_are_read),
		cmocka_unit_test(what_is_no_change_is_refused),
		cmocka_unit_test(there_are_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/origins.h"

static void texts_are_kept_until_the_end(void **state)
{
	(void)state;
	struct origins origins = {0};
	char text[] = "hold=5s";
	char *first = origins_keep(&origins, text, 4);
	char *second = origins_keep(&origins, text, 0);
	char *third = origins_keep(&origins, text, 7);
	text[0] = 'x';
	assert_string_equal(first, "hold");
	assert_string_equal(second, "");
	assert_string_equal(third, "hold=5s");
	origins_finish(&origins);
	assert_null(origins.kept);
	origins_finish(&origins);
}

static void each_kind_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < ORIGIN_KINDS; i++) {
		assert_non_null(origin_name((enum origin_kind)i));
	}
	assert_string_equal(origin_name(ORIGIN_DEFAULT), "default");
	assert_string_equal(origin_name(ORIGIN_COMMAND_LINE), "command_line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_kept_until_the_end),
		cmocka_unit_test(each_kind_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

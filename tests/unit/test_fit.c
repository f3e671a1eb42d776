/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/fit.h"

#define NOTE "\n_The rest is left out: there is no room for more._\n"

static void check(const char *text, size_t room, const char *expected)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	size_t length = fit_lines(copy, strlen(text), room);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(copy, expected, length);
	free(copy);
}

static void what_fits_stays(void **state)
{
	(void)state;
	check("", 0, "");
	check("one\ntwo\n", 8, "one\ntwo\n");
	check("one\ntwo\n", 100, "one\ntwo\n");
}

static void the_rest_is_left_out_by_whole_lines(void **state)
{
	(void)state;
	const size_t note = strlen(NOTE);
	const char *lines =
		"one\ntwo\nthree is longer than the note that takes its place, by far\n";
	check(lines, note + 8, "one\ntwo\n" NOTE);
	check(lines, note + 7, "one\n" NOTE);
	check(lines, note + 3, NOTE);
	check(lines, note, NOTE);
}

static void without_room_for_a_word_there_is_none(void **state)
{
	(void)state;
	check("one\n", 3, "");
	check("a line that is longer than the note, which has fifty characters\n", strlen(NOTE) - 1,
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays),
		cmocka_unit_test(the_rest_is_left_out_by_whole_lines),
		cmocka_unit_test(without_room_for_a_word_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

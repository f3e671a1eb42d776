/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/verdict/exit_status.h"

static void a_run_that_says_nothing_wins_over_what_it_says(void **state)
{
	(void)state;
	static const int order[] = {1, 4, 3, 2, 0};
	for (int i = 0; i < EXIT_STATUSES; i++) {
		assert_int_equal(exit_status_of_rank(i), order[i]);
		for (int j = 0; j < EXIT_STATUSES; j++) {
			assert_int_equal(exit_status_outweighs((enum exit_status)order[i],
						 (enum exit_status)order[j]),
				i < j);
		}
	}
}

/* README comes from the build. */
static void the_readme_has_the_table(void **state)
{
	(void)state;
	static char text[1 << 16];
	FILE *file = fopen(README, "r");
	assert_non_null(file);
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_in_range(length, 1, sizeof(text) - 2);
	for (int i = 0; i < EXIT_STATUSES; i++) {
		char row[256];
		snprintf(row, sizeof(row), "\n| %d | %s |\n", i,
			exit_status_summary((enum exit_status)i));
		assert_non_null(strstr(text, row));
	}
	assert_non_null(strstr(text, "in this order wins: 1, 4, 3, 2."));
}

static void each_meaning_is_made_of_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < EXIT_STATUSES; i++) {
		const char *meaning = exit_status_meaning((enum exit_status)i);
		assert_int_equal(meaning[strlen(meaning) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_says_nothing_wins_over_what_it_says),
		cmocka_unit_test(the_readme_has_the_table),
		cmocka_unit_test(each_meaning_is_made_of_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/nearest.h"

static unsigned distance(const char *word, const char *name)
{
	return nearest_distance(word, strlen(word), name);
}

static void distance_counts_slips_of_the_hand(void **state)
{
	(void)state;
	assert_int_equal(distance("hold", "hold"), 1); /* its own beginning */
	assert_int_equal(distance("hodl", "holding"), UINT_MAX);
	assert_int_equal(distance("sleeep", "sleep"), 1);
	assert_int_equal(distance("portt", "port"), 1);
	assert_int_equal(distance("rnu", "run"), 1); /* neighbours that changed places */
	assert_int_equal(distance("cnonectoins", "connections"), 2);
	assert_int_equal(distance("confgi", "config"), 1);
	/* Half of a short word is too much. */
	assert_int_equal(distance("xml", "html"), UINT_MAX);
	assert_int_equal(distance("u", "up"), UINT_MAX);
	assert_int_equal(distance("ab", "xy"), UINT_MAX);
	assert_int_equal(distance("abc", "xyz"), UINT_MAX);
	assert_int_equal(distance("", "port"), UINT_MAX);
}

static void only_the_length_counts(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("hold=5s", 4, "hold"), 1);
	assert_int_equal(nearest_edits("holt=5s", 4, "hold"), 1);
	assert_int_equal(nearest_edits("hold", 4, "hold"), 0);
}

static void long_words_are_near_to_none(void **state)
{
	(void)state;
	char word[NEAREST_WORD_MAX + 2];
	memset(word, 'a', sizeof(word));
	word[NEAREST_WORD_MAX + 1] = '\0';
	assert_int_equal(nearest_edits(word, NEAREST_WORD_MAX + 1, "a"), UINT_MAX);
	assert_int_equal(nearest_edits("a", 1, word), UINT_MAX);
	assert_int_equal(nearest_edits(word, NEAREST_WORD_MAX, word + 1), 0);
}

static void the_nearest_is_asked_about(void **state)
{
	(void)state;
	char question[NEAREST_QUESTION_MAX];
	struct nearest nearest = NEAREST_INIT("interwal", 8);
	nearest_offer(&nearest, "close");
	assert_string_equal(nearest_ask(&nearest, "--", question), "");
	nearest_offer(&nearest, "interior");
	nearest_offer(&nearest, "interval");
	nearest_offer(&nearest, "internal");
	assert_string_equal(nearest_ask(&nearest, "--", question), "; did you mean '--interval'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_slips_of_the_hand),
		cmocka_unit_test(only_the_length_counts),
		cmocka_unit_test(long_words_are_near_to_none),
		cmocka_unit_test(the_nearest_is_asked_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

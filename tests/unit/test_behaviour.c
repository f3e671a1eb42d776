/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/server/behaviour.h"

static int parse(
	const char *first, const char *second, struct behaviour *ret_behaviour, struct error *error)
{
	const struct text_list texts = {
		.items = {first, second},
		.count = (size_t)(first != NULL) + (second != NULL),
	};
	return behaviour_parse(&texts, ret_behaviour, error);
}

static void words_have_their_values(void **state)
{
	(void)state;
	struct behaviour behaviour;
	struct error error = ERROR_INIT;
	assert_int_equal(parse("close-after=1.5s", "recycle-oldest=20k", &behaviour, &error), 0);
	assert_true(behaviour_has(&behaviour, BEHAVE_CLOSE_AFTER));
	assert_true(behaviour_has(&behaviour, BEHAVE_RECYCLE_OLDEST));
	assert_false(behaviour_has(&behaviour, BEHAVE_ECHO));
	assert_int_equal(behaviour.value[BEHAVE_CLOSE_AFTER], 1500 * NSEC_PER_MSEC);
	assert_int_equal(behaviour.value[BEHAVE_RECYCLE_OLDEST], 20000);
	assert_int_equal(parse("silent-after=2", "echo", &behaviour, &error), 0);
	assert_int_equal(behaviour.value[BEHAVE_SILENT_AFTER], 2 * NSEC_PER_SEC);
	assert_int_equal(parse("close-after=0", NULL, &behaviour, &error), 0);
	assert_int_equal(behaviour.value[BEHAVE_CLOSE_AFTER], 1);
	assert_int_equal(parse(NULL, NULL, &behaviour, &error), 0);
	assert_int_equal(behaviour.given, 0);
}

static void a_banner_may_have_any_byte(void **state)
{
	(void)state;
	struct behaviour behaviour;
	struct error error = ERROR_INIT;
	assert_int_equal(
		parse("banner=220 a=b\\t\\\\\\r\\n\\x00\\xfF", NULL, &behaviour, &error), 0);
	static const char expected[] = "220 a=b\t\\\r\n\0\xff";
	assert_int_equal(behaviour.banner_length, sizeof(expected) - 1);
	assert_memory_equal(behaviour.banner, expected, sizeof(expected) - 1);
}

static void a_banner_has_room_for_so_many_bytes_and_no_more(void **state)
{
	(void)state;
	char text[BEHAVIOUR_BANNER_MAX + 16] = "banner=";
	size_t head = strlen(text);
	memset(text + head, 'x', BEHAVIOUR_BANNER_MAX);
	struct behaviour behaviour;
	struct error error = ERROR_INIT;
	assert_int_equal(parse(text, NULL, &behaviour, &error), 0);
	assert_int_equal(behaviour.banner_length, BEHAVIOUR_BANNER_MAX);
	text[head + BEHAVIOUR_BANNER_MAX] = 'x';
	assert_int_equal(parse(text, NULL, &behaviour, &error), -ERANGE);
	assert_string_equal(error.text, "banner: the text has more than 4096 bytes");
}

static void assert_refused(const char *first, const char *second, const char *why)
{
	struct behaviour behaviour = {.given = 77};
	struct error error = ERROR_INIT;
	assert_true(parse(first, second, &behaviour, &error) < 0);
	assert_string_equal(error.text, why);
	assert_int_equal(behaviour.given, 77);
}

static void refusals_say_what_is_wrong(void **state)
{
	(void)state;
	assert_refused("clos-after=3", NULL,
		"'clos-after' is not a behaviour; did you mean 'close-after'?");
	assert_refused("frobnicate", NULL, "'frobnicate' is not a behaviour: --help lists them");
	assert_refused("", NULL, "'' is not a behaviour: --help lists them");
	assert_refused("close-after", NULL, "'close-after' needs a value: close-after=DURATION");
	assert_refused("echo=1", NULL, "'echo' takes no value");
	assert_refused("echo", "echo", "'echo' is given twice");
	assert_refused(
		"slow-read=0", NULL, "slow-read: '0' is not in the range from 1 to 1073741824");
	assert_refused("close-after=x", NULL,
		"close-after: 'x' is not a duration such as 250ms, 1.5s or 1m30s (units ns, us, ms, "
		"s, m, h; a bare 1 is 1s)");
	assert_refused("banner=", NULL, "banner: the text is empty");
	assert_refused("banner=\\q", NULL,
		"banner: '\\q' is not an escape: they are \\r, \\n, \\t, \\\\ and \\xNN");
	assert_refused("banner=\\x4", NULL,
		"banner: '\\x4' is not an escape: they are \\r, \\n, \\t, \\\\ and \\xNN");
	assert_refused("banner=\\", NULL,
		"banner: '\\' is not an escape: they are \\r, \\n, \\t, \\\\ and \\xNN");
}

static void contradictions_are_refused_in_either_order(void **state)
{
	(void)state;
	static const char why[] =
		"'close-after' and 'reset-after' contradict each other: give only one of them";
	assert_refused("close-after=1s", "reset-after=2s", why);
	assert_refused("reset-after=2s", "close-after=1s", why);
	assert_refused("echo", "never-accept",
		"'never-accept' and 'echo' contradict each other: give only one of them");
	assert_refused("discard", "echo",
		"'echo' and 'discard' contradict each other: give only one of them");
	assert_refused("refuse-above=3", "recycle-oldest=3",
		"'refuse-above' and 'recycle-oldest' contradict each other: give only one of them");
}

/* Each word of the table parses, with a value that fits it, and excludes who excludes it. */
static void the_table_is_whole(void **state)
{
	(void)state;
	struct behaviour_word word;
	size_t count = 0;
	for (; behaviour_word_at(count, &word); count++) {
		char text[64];
		snprintf(text, sizeof(text), "%s%s", behaviour_completion_at(count),
			word.argument != NULL ? "1" : "");
		struct behaviour behaviour;
		struct error error = ERROR_INIT;
		assert_int_equal(parse(text, NULL, &behaviour, &error), 0);
		assert_int_equal(behaviour.given, UINT32_C(1) << count);
		assert_non_null(word.help);
	}
	assert_int_equal(count, BEHAVES);
	assert_null(behaviour_completion_at(count));
	size_t cursor = 0;
	unsigned excluded = 0;
	while (behaviour_next_excluded(BEHAVE_NEVER_ACCEPT, &cursor) != NULL) {
		excluded++;
	}
	assert_int_equal(excluded, BEHAVES - 1);
	cursor = 0;
	assert_string_equal(behaviour_next_excluded(BEHAVE_ECHO, &cursor), "never-accept");
	assert_string_equal(behaviour_next_excluded(BEHAVE_ECHO, &cursor), "discard");
	assert_null(behaviour_next_excluded(BEHAVE_ECHO, &cursor));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_their_values),
		cmocka_unit_test(a_banner_may_have_any_byte),
		cmocka_unit_test(a_banner_has_room_for_so_many_bytes_and_no_more),
		cmocka_unit_test(refusals_say_what_is_wrong),
		cmocka_unit_test(contradictions_are_refused_in_either_order),
		cmocka_unit_test(the_table_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

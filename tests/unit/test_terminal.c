/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

/* One that can all. */
static const struct terminal_facts able = {
	.is_terminal = true,
	.is_foreground = true,
	.term = "xterm",
	.locale = "en_GB.UTF-8",
};

static bool is_live(struct terminal_facts facts, enum live_mode mode)
{
	return terminal_decide(&facts, mode, false).live;
}

static void a_terminal_that_can_has_a_view(void **state)
{
	(void)state;
	struct terminal_look look = terminal_decide(&able, LIVE_AUTO, false);
	assert_true(look.live);
	assert_true(look.colours);
	assert_true(look.utf8);
	assert_false(terminal_decide(&able, LIVE_NEVER, false).live);
}

static void what_cannot_show_it_has_none_unless_asked_for(void **state)
{
	(void)state;
	struct terminal_facts facts[5];
	for (size_t i = 0; i < 5; i++) {
		facts[i] = able;
	}
	facts[0].is_terminal = false;
	facts[1].is_foreground = false;
	facts[2].term = "dumb";
	facts[3].term = NULL;
	facts[4].term = "";
	for (size_t i = 0; i < 5; i++) {
		assert_false(is_live(facts[i], LIVE_AUTO));
		assert_true(is_live(facts[i], LIVE_ALWAYS));
	}
}

static void lines_between_the_frames_make_it_pointless_unless_asked_for(void **state)
{
	(void)state;
	assert_false(terminal_decide(&able, LIVE_AUTO, true).live);
	assert_true(terminal_decide(&able, LIVE_ALWAYS, true).live);
}

static bool has_colours(bool is_terminal, const char *no_color, const char *clicolor_force)
{
	struct terminal_facts facts = able;
	facts.is_terminal = is_terminal;
	facts.no_color = no_color;
	facts.clicolor_force = clicolor_force;
	return terminal_decide(&facts, LIVE_ALWAYS, false).colours;
}

static void colours_are_for_terminals_forbidden_or_forced(void **state)
{
	(void)state;
	assert_true(has_colours(true, NULL, NULL));
	assert_false(has_colours(false, NULL, NULL));
	assert_true(has_colours(true, "", NULL)); /* empty is not set */
	assert_false(has_colours(true, "1", NULL));
	assert_true(has_colours(false, NULL, "1"));
	assert_false(has_colours(false, NULL, "0"));
	assert_false(has_colours(true, "1", "1"));
	struct terminal_facts dumb = able;
	dumb.term = "dumb";
	assert_false(terminal_decide(&dumb, LIVE_ALWAYS, false).colours);
}

static bool is_utf8(const char *locale)
{
	struct terminal_facts facts = able;
	facts.locale = locale;
	return terminal_decide(&facts, LIVE_AUTO, false).utf8;
}

static void the_locale_says_whether_it_is_utf8(void **state)
{
	(void)state;
	assert_true(is_utf8("C.UTF-8"));
	assert_true(is_utf8("de_DE.utf8@euro"));
	assert_false(is_utf8("C"));
	assert_false(is_utf8("de_DE.ISO-8859-1"));
	assert_false(is_utf8(NULL));
}

static void the_first_locale_variable_that_is_set_counts(void **state)
{
	(void)state;
	struct terminal_facts facts;
	setenv("LANG", "C.UTF-8", 1);
	setenv("LC_CTYPE", "", 1);
	unsetenv("LC_ALL");
	terminal_find_facts(STDERR_FILENO, &facts);
	assert_string_equal(facts.locale, "C.UTF-8");
	setenv("LC_ALL", "C", 1);
	terminal_find_facts(STDERR_FILENO, &facts);
	assert_string_equal(facts.locale, "C");
}

static void the_size_is_that_of_the_terminal_or_of_the_environment(void **state)
{
	(void)state;
	unsigned columns;
	unsigned rows;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	unsetenv("LINES");
	setenv("COLUMNS", "133", 1);
	terminal_size(ends[1], &columns, &rows);
	assert_int_equal(columns, 133);
	assert_int_equal(rows, 24);
	setenv("COLUMNS", "-5", 1);
	terminal_size(ends[1], &columns, &rows);
	assert_int_equal(columns, 80);
	close(ends[0]);
	close(ends[1]);

	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	const struct winsize size = {.ws_col = 90, .ws_row = 30};
	assert_true(terminal >= 0);
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	terminal_size(terminal, &columns, &rows);
	assert_int_equal(columns, 90);
	assert_int_equal(rows, 30);
	assert_true(terminal_is_foreground(terminal));
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_that_can_has_a_view),
		cmocka_unit_test(what_cannot_show_it_has_none_unless_asked_for),
		cmocka_unit_test(lines_between_the_frames_make_it_pointless_unless_asked_for),
		cmocka_unit_test(colours_are_for_terminals_forbidden_or_forced),
		cmocka_unit_test(the_locale_says_whether_it_is_utf8),
		cmocka_unit_test(the_first_locale_variable_that_is_set_counts),
		cmocka_unit_test(the_size_is_that_of_the_terminal_or_of_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

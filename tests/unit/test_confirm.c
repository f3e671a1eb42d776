/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/confirm.h"

#define BOX                                                                       \
	"****************************** WARNING ******************************\n" \
	"* You are going to run a TCP stress check with these arguments:\n"       \
	"*\t- Host: example.org\n"                                                \
	"*\t- TCP Port: 80\n"                                                     \
	"*\t- # of concurrent connections: 100\n"                                 \
	"*********************************************************************\n"
#define QUESTION "Do you want to continue? (y/N): "

static void check(const char *input, enum confirmation confirmation, const char *output)
{
	const struct settings settings = {.host = "example.org", .ports = "80", .connections = 100};
	FILE *in = tmpfile();
	assert_non_null(in);
	fputs(input, in);
	rewind(in);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(confirm_run(in, out, &settings), confirmation);
	fclose(out);
	fclose(in);
	assert_string_equal(text, output);
	free(text);
}

static void yes_in_any_form_is_a_yes(void **state)
{
	(void)state;
	check("y\n", CONFIRMATION_GIVEN, BOX QUESTION);
	check("YES\n", CONFIRMATION_GIVEN, BOX QUESTION);
	check(" y \r\n", CONFIRMATION_GIVEN, BOX QUESTION);
	check("\tyes\n", CONFIRMATION_GIVEN, BOX QUESTION);
}

static void no_and_an_empty_line_are_a_no(void **state)
{
	(void)state;
	static const char *const answers[] = {"\n", "n\n", "N\n", "no\n", " n \n", " \t\n"};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		check(answers[i], CONFIRMATION_REFUSED,
			BOX QUESTION "\n*** Execution aborted as prompted by the user ***\n");
	}
}

static void any_other_answer_is_asked_for_again(void **state)
{
	(void)state;
	check("perhaps\ny y\ny\n", CONFIRMATION_GIVEN,
		BOX QUESTION "\nSorry, response not recognized. Try again, please\n" QUESTION
			     "\nSorry, response not recognized. Try again, please\n" QUESTION);
}

static void an_input_that_ends_gives_no_answer(void **state)
{
	(void)state;
	static const char *const inputs[] = {"", "y"};
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		check(inputs[i], CONFIRMATION_NONE,
			BOX QUESTION "\nNot confirmed: the input ended without an answer\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_in_any_form_is_a_yes),
		cmocka_unit_test(no_and_an_empty_line_are_a_no),
		cmocka_unit_test(any_other_answer_is_asked_for_again),
		cmocka_unit_test(an_input_that_ends_gives_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

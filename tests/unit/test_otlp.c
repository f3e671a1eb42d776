/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expected.h"
#include "report/otlp.h"

static void a_run_with_some_of_everything(void **state)
{
	(void)state;
	expected_check(&report_otlp, "full");
}

static void a_run_of_which_nothing_is_known(void **state)
{
	(void)state;
	expected_check(&report_otlp, "empty");
}

static void a_run_that_did_not_begin(void **state)
{
	(void)state;
	expected_check(&report_otlp, "declined");
}

static void texts_that_mean_something_to_a_format(void **state)
{
	(void)state;
	expected_check(&report_otlp, "hostile");
}

static void output_that_fails_is_told(void **state)
{
	(void)state;
	expected_check_failure(&report_otlp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_with_some_of_everything),
		cmocka_unit_test(a_run_of_which_nothing_is_known),
		cmocka_unit_test(a_run_that_did_not_begin),
		cmocka_unit_test(texts_that_mean_something_to_a_format),
		cmocka_unit_test(output_that_fails_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

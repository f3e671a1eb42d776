/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/verdict/verdict.h"

static void test_exit_status(void **state)
{
	(void)state;
	static const struct {
		struct snapshot at_end;
		enum run_end end;
		bool held;
		enum exit_status status;
	} cases[] = {
		{{.total = 5, .established = 5}, RUN_COMPLETED, false, EXIT_STATUS_OK},
		{{.total = 5, .established = 5}, RUN_COMPLETED, true, EXIT_STATUS_OK},
		/* Without --hold the peer may close as it likes, */
		{{.total = 5, .established = 3, .closed = 2}, RUN_COMPLETED, false, EXIT_STATUS_OK},
		/* with it, one that was dropped is one too many. */
		{{.total = 5, .established = 4, .closed = 1}, RUN_COMPLETED, true,
			EXIT_STATUS_FAILURES},
		{{.total = 5, .established = 4, .failed = 1}, RUN_COMPLETED, false,
			EXIT_STATUS_FAILURES},
		{{.total = 5, .failed = 5}, RUN_COMPLETED, true, EXIT_STATUS_FAILURES},
		/* Interrupted comes before all else. */
		{{.total = 5, .established = 5}, RUN_INTERRUPTED, true, EXIT_STATUS_INCOMPLETE},
		{{.total = 5, .failed = 1, .not_initiated = 4}, RUN_INTERRUPTED, false,
			EXIT_STATUS_INCOMPLETE},
		/* And so does what was left undone, for whatever reason. */
		{{.total = 5, .failed = 1, .not_initiated = 4}, RUN_COMPLETED, false,
			EXIT_STATUS_INCOMPLETE},
		{{.total = 5, .established = 4, .dialing = 1}, RUN_COMPLETED, false,
			EXIT_STATUS_INCOMPLETE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct result result = {
			.at_end = cases[i].at_end,
			.end = cases[i].end,
			.held = cases[i].held,
		};
		assert_int_equal(verdict_exit_status(&result), cases[i].status);
	}
}

static void test_numbers_that_scripts_know(void **state)
{
	(void)state;
	assert_int_equal(EXIT_STATUS_OK, 0);
	assert_int_equal(EXIT_STATUS_INCOMPLETE, 1);
	assert_int_equal(EXIT_STATUS_FAILURES, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_numbers_that_scripts_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

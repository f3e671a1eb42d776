/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/progress.h"

static void each_step_has_its_sentence(void **state)
{
	(void)state;
	static const struct {
		struct event event;
		const char *sentence;
	} cases[] = {
		{{.kind = EVENT_WAITING, .count = 5, .duration_ns = 90500 * NSEC_PER_MSEC},
			"Waiting 1m30.5s for the start"},
		{{.kind = EVENT_HOLDING, .count = 5, .duration_ns = 3600 * NSEC_PER_SEC},
			"Holding 5 connections for 1h0m0s"},
		{{.kind = EVENT_ASKING, .count = 1000000},
			"Asking the kernel about 1,000,000 connections"},
		{{.kind = EVENT_LOOKING_AGAIN, .count = 3, .duration_ns = 1234567890},
			"Looking again in 1.234s at 3 connections whose SYN-ACK may have been "
			"repeated"},
		{{.kind = EVENT_CLOSING, .count = 50000}, "Closing 50,000 connections"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[PROGRESS_MAX];
		assert_string_equal(progress_describe(&cases[i].event, buffer), cases[i].sentence);
	}
}

static void what_takes_no_time_is_not_worth_a_word(void **state)
{
	(void)state;
	char buffer[PROGRESS_MAX];
	const struct event asking = {.kind = EVENT_ASKING, .count = 49999};
	const struct event closing = {.kind = EVENT_CLOSING, .count = 49999};
	assert_null(progress_describe(&asking, buffer));
	assert_null(progress_describe(&closing, buffer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_has_its_sentence),
		cmocka_unit_test(what_takes_no_time_is_not_worth_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

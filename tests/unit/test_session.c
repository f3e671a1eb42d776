/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/session.h"
#include "tcpgoon/base/clock.h"

static void a_run_dials_for_a_year_at_most(void **state)
{
	(void)state;
	const uint64_t year_ns = 365 * 24 * 3600 * NSEC_PER_SEC;
	struct settings settings = {.connections = 1000, .sleep_ns = year_ns / 1000};
	struct error error = ERROR_INIT;
	assert_int_equal(session_check(&settings, &error), 0);
	settings.sleep_ns++;
	assert_int_equal(session_check(&settings, &error), -ERANGE);
	assert_non_null(strstr(error.text, "--sleep"));
	/* Also where their product does not fit 64 bits. */
	settings.connections = SETTINGS_CONNECTIONS_MAX;
	settings.sleep_ns = UINT64_MAX / 2;
	assert_int_equal(session_check(&settings, &error), -ERANGE);
}

static void thresholds_must_be_understood(void **state)
{
	(void)state;
	struct settings settings = {.connections = 1};
	struct error error = ERROR_INIT;
	settings.fail_if = (struct text_list){.items = {"established<99%"}, .count = 1};
	assert_int_equal(session_check(&settings, &error), 0);
	settings.abort_if = (struct text_list){.items = {"established<<1"}, .count = 1};
	assert_true(session_check(&settings, &error) < 0);
	assert_non_null(strstr(error.text, "--abort-if"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_dials_for_a_year_at_most),
		cmocka_unit_test(thresholds_must_be_understood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/cli/session.h"

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

static void each_report_goes_to_a_path_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *first;
		const char *second;
		int code;
	} cases[] = {
		{"json=a", "json=b", 0},
		{"json=a", "json=-", 0},
		{"json", "json", 0}, /* refused when they are opened, for what they are */
		{"json=-", "json=-", -EINVAL},
		{"json=a", "json=a", -EINVAL},
		{"json=a", "other=a", -EINVAL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings settings = {.connections = 1};
		settings.outputs.items[0] = cases[i].first;
		settings.outputs.items[1] = "json=between";
		settings.outputs.items[2] = cases[i].second;
		settings.outputs.count = 3;
		struct error error = ERROR_INIT;
		assert_int_equal(session_check(&settings, &error), cases[i].code);
		if (cases[i].code < 0) {
			assert_non_null(strstr(error.text, "--output"));
			assert_non_null(strstr(error.text, cases[i].second));
		}
	}
}

static void text_makes_way_for_a_report_on_stdout(void **state)
{
	(void)state;
	struct settings settings = {0};
	assert_ptr_equal(session_text_stream(&settings), stdout);
	settings.outputs = (struct text_list){.items = {"json=/dev/null"}, .count = 1};
	assert_ptr_equal(session_text_stream(&settings), stdout);
	settings.outputs = (struct text_list){.items = {"json=/dev/null", "json=-"}, .count = 2};
	assert_ptr_equal(session_text_stream(&settings), stderr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_dials_for_a_year_at_most),
		cmocka_unit_test(thresholds_must_be_understood),
		cmocka_unit_test(each_report_goes_to_a_path_of_its_own),
		cmocka_unit_test(text_makes_way_for_a_report_on_stdout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/timestamp.h"

static uint64_t parse(const char *text)
{
	uint64_t ns;
	struct error error = ERROR_INIT;
	if (timestamp_parse(text, &ns, &error) < 0) {
		fail_msg("%s", error.text);
	}
	return ns;
}

static void an_instant_has_its_offset(void **state)
{
	(void)state;
	const uint64_t noon_ns = UINT64_C(1706702400) * NSEC_PER_SEC;
	assert_int_equal(parse("2024-01-31T12:00:00Z"), noon_ns);
	assert_int_equal(parse("2024-01-31t12:00:00z"), noon_ns);
	assert_int_equal(parse("2024-01-31 13:00:00+01:00"), noon_ns);
	assert_int_equal(parse("2024-01-31T06:30:00-05:30"), noon_ns);
	assert_int_equal(parse("2024-02-01T00:00:00+12:00"), noon_ns);
	assert_int_equal(parse("2024-01-31T12:00:00.25Z"), noon_ns + 250 * NSEC_PER_MSEC);
	assert_int_equal(parse("2024-01-31T12:00:00.000000001Z"), noon_ns + 1);
	assert_int_equal(parse("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(
		parse("2024-02-29T00:00:00Z"), noon_ns + (28 * 24 + 12) * 3600 * NSEC_PER_SEC);
}

static void seconds_count_since_1970(void **state)
{
	(void)state;
	assert_int_equal(parse("0"), 0);
	assert_int_equal(parse("1706702400"), UINT64_C(1706702400) * NSEC_PER_SEC);
	assert_int_equal(
		parse("1706702400.005"), UINT64_C(1706702400) * NSEC_PER_SEC + 5 * NSEC_PER_MSEC);
}

static void what_is_no_instant_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "now", "-1", "+5", " 5", "5 ", "5.", ".5",
		"5.0000000001", "1e9", "1706702400000", "99999999999999999999", "2024-01-31",
		"2024-01-31T12:00:00", "2024-01-31T12:00Z", "2024-01-31T12:00:00+0100",
		"2024-01-31T12:00:00+24:00", "2024-01-31T12:00:00.Z", "2024-01-31T12:00:00Z ",
		"2024-02-30T12:00:00Z", "2023-02-29T12:00:00Z", "2024-13-01T12:00:00Z",
		"2024-00-01T12:00:00Z", "2024-01-00T12:00:00Z", "2024-01-31T24:00:00Z",
		"2024-01-31T12:60:00Z", "2024-01-31T12:00:60Z", "1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00", "24-01-31T12:00:00Z", "2024-1-31T12:00:00Z"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t ns = 77;
		struct error error = ERROR_INIT;
		assert_int_equal(timestamp_parse(texts[i], &ns, &error), -EINVAL);
		assert_non_null(strstr(error.text, texts[i]));
		assert_non_null(strstr(error.text, "is not an instant such as"));
		assert_int_equal(ns, 77);
	}
}

static void an_instant_is_printed_to_the_millisecond(void **state)
{
	(void)state;
	char text[TIMESTAMP_TEXT_MAX];
	assert_string_equal(timestamp_format(0, text), "1970-01-01T00:00:00.000Z");
	uint64_t ns = UINT64_C(1706702400) * NSEC_PER_SEC + 5999999;
	assert_string_equal(timestamp_format(ns, text), "2024-01-31T12:00:00.005Z");
	assert_int_equal(parse(text), ns / NSEC_PER_MSEC * NSEC_PER_MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_has_its_offset),
		cmocka_unit_test(seconds_count_since_1970),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(an_instant_is_printed_to_the_millisecond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

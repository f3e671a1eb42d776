/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/units.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED UINT64_C(0xdeadbeef)
#define CONNECTIONS_MAX UINT64_C(16777216)

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR (60 * MINUTE)

struct good {
	const char *text;
	uint64_t value;
};

/* Texts that no parser takes, whatever its suffixes. */
static const char *const nonsense[] = {
	"", " ", " 1", "1 ", "1\n", "\t1", "+1", "--1", "-", ".", "1.", ".5", "-.5", "1..5",
	"1.5.5", "1,000", "1_000", "ten", "k", "0x10", "0x1p3", "1e3", "inf", "-inf", "infinity",
	"nan", "-nan", "1kk", "1k5", "1 k", "5x", "\xd9\xa3", /* a digit, but an Arabic one */
	"1\xc2\xa0", /* no-break space */
};

static void counts_are_read(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0", 0},
		{"1", 1},
		{"007", 7},
		{"1500", 1500},
		{"1.0", 1},
		{"20k", 20000},
		{"20K", 20000},
		{"1.5k", 1500},
		{"1.500000000000000000000000000k", 1500},
		{"0.001k", 1},
		{"1.5m", 1500000},
		{"1M", 1000000},
		{"2g", 2000000000},
		{"1.000000001G", 1000000001},
		{"18446744073709551615", UINT64_MAX},
		{"000000000000000000000018446744073709551615", UINT64_MAX},
		{"18446744073.709551615g", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		struct error error = ERROR_INIT;
		uint64_t value = UNTOUCHED;
		assert_int_equal(
			units_parse_count(goods[i].text, 0, UINT64_MAX, &value, &error), 0);
		assert_int_equal(value, goods[i].value);
		assert_string_equal(error.text, "");
	}
}

static void assert_count_refused(const char *text, int code, const char *message)
{
	struct error error = ERROR_INIT;
	uint64_t value = UNTOUCHED;
	assert_int_equal(units_parse_count(text, 1, CONNECTIONS_MAX, &value, &error), code);
	assert_int_equal(value, UNTOUCHED);
	assert_string_equal(error.text, message);
	/* The message is for the person: without one the code is the same. */
	assert_int_equal(units_parse_count(text, 1, CONNECTIONS_MAX, &value, NULL), code);
}

static void counts_are_refused_with_a_reason(void **state)
{
	(void)state;
	assert_count_refused("ten", -EINVAL, "'ten' is not a whole number from 1 to 16777216");
	assert_count_refused("", -EINVAL, "'' is not a whole number from 1 to 16777216");
	assert_count_refused("1.5", -EINVAL, "'1.5' is not a whole number from 1 to 16777216");
	assert_count_refused(
		"1.0001k", -EINVAL, "'1.0001k' is not a whole number from 1 to 16777216");
	assert_count_refused(
		"-1.0001k", -EINVAL, "'-1.0001k' is not a whole number from 1 to 16777216");
	assert_count_refused("-5", -ERANGE, "'-5' is not in the range from 1 to 16777216");
	assert_count_refused("-5k", -ERANGE, "'-5k' is not in the range from 1 to 16777216");
	assert_count_refused("0", -ERANGE, "'0' is not in the range from 1 to 16777216");
	assert_count_refused(
		"16777217", -ERANGE, "'16777217' is not in the range from 1 to 16777216");
	assert_count_refused("17m", -ERANGE, "'17m' is not in the range from 1 to 16777216");
}

static void counts_hold_their_bounds(void **state)
{
	(void)state;
	uint64_t value = UNTOUCHED;
	assert_int_equal(units_parse_count("16777216", 1, CONNECTIONS_MAX, &value, NULL), 0);
	assert_int_equal(value, CONNECTIONS_MAX);
	assert_int_equal(units_parse_count("1", 1, CONNECTIONS_MAX, &value, NULL), 0);
	assert_int_equal(value, 1);

	/* Below zero stays outside even where zero is allowed. */
	assert_int_equal(units_parse_count("-1", 0, UINT64_MAX, &value, NULL), -ERANGE);

	static const char *const beyond_64_bits[] = {
		"18446744073709551616", "18446744073709551620",
		"99999999999999999999999999999999999999999999", "18446744073709551615k",
		"18446744073.709551616g", "36893488147419103232", /* 2^65: wraps to 0 */
	};
	for (size_t i = 0; i < COUNT_OF(beyond_64_bits); i++) {
		value = UNTOUCHED;
		assert_int_equal(
			units_parse_count(beyond_64_bits[i], 0, UINT64_MAX, &value, NULL), -ERANGE);
		assert_int_equal(value, UNTOUCHED);
	}
}

static void nonsense_is_no_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
		uint64_t value = UNTOUCHED;
		const char *text = nonsense[i];
		assert_int_equal(units_parse_count(text, 0, UINT64_MAX, &value, NULL), -EINVAL);
		assert_int_equal(
			units_parse_duration(text, NSEC_PER_MSEC, 0, UINT64_MAX, &value, NULL),
			-EINVAL);
		assert_int_equal(value, UNTOUCHED);
	}
}

static void what_was_expected_survives_a_long_text(void **state)
{
	(void)state;
	char longer[4096];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	struct error error = ERROR_INIT;
	uint64_t value;
	assert_int_equal(units_parse_count(longer, 1, 10, &value, &error), -EINVAL);
	assert_non_null(strstr(error.text, "xxx' is not a whole number from 1 to 10"));
	memset(longer, '9', sizeof(longer) - 1);
	assert_int_equal(units_parse_duration(longer, 1, 1, 10, &value, &error), -ERANGE);
	assert_non_null(strstr(error.text, "999' is not in the range from 1ns to 10ns"));
}

static void paces_are_read(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint64_t pace;
	} cases[] = {{"0", 0}, {"1", 1000000}, {"0.001", 1000}, {"0.000001", 1},
		{"2.5k", 2500000000}, {"10M", UINT64_C(10000000000000)}, {"1.000000", 1000000},
		{"0.0000005k", 500}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t pace = 7;
		struct error error = ERROR_INIT;
		assert_int_equal(units_parse_pace(cases[i].text, 0, UINT64_MAX, &pace, &error), 0);
		assert_int_equal(pace, cases[i].pace);
	}
	static const char *const refused[] = {
		"", "x", "1/s", "1.", ".5", "0.0000001", "1e3", " 1", "+1", "-1", "99999999999999"};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		uint64_t pace = 7;
		struct error error = ERROR_INIT;
		assert_true(units_parse_pace(
				    refused[i], 0, UINT64_C(10000000000000), &pace, &error) < 0);
		assert_int_equal(pace, 7);
		assert_non_null(strstr(error.text, refused[i]));
	}
	char text[UNITS_TEXT_MAX];
	assert_string_equal(units_format_pace(1000, text), "0.001");
	assert_string_equal(units_format_pace(2500000000, text), "2500");
	assert_string_equal(units_format_pace(0, text), "0");
}

static void durations_are_read(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0", 0},
		{"0s", 0},
		{"10", 10 * NSEC_PER_MSEC}, /* bare: milliseconds here */
		{"0.5", 500 * NSEC_PER_USEC},
		{"0.000001", 1},
		{"1ns", 1},
		{"319us", 319 * NSEC_PER_USEC},
		{"319\xc2\xb5s", 319 * NSEC_PER_USEC}, /* U+00B5 */
		{"319\xce\xbcs", 319 * NSEC_PER_USEC}, /* U+03BC */
		{"1.5us", 1500},
		{"49.892ms", 49892 * NSEC_PER_USEC},
		{"1.5s", 1500 * NSEC_PER_MSEC},
		{"1.000000000000s", NSEC_PER_SEC},
		{"0.000000001s", 1},
		{"1m", MINUTE},
		{"1m30s", 90 * NSEC_PER_SEC},
		{"1.5m", 90 * NSEC_PER_SEC},
		{"1h0m0s", HOUR},
		{"1h2m3s4ms5us6ns", HOUR + 2 * MINUTE + 3 * NSEC_PER_SEC + 4005006},
		{"0.5h30m", HOUR},
		{"5124095h34m33.709551615s", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		struct error error = ERROR_INIT;
		uint64_t ns = UNTOUCHED;
		assert_int_equal(units_parse_duration(
					 goods[i].text, NSEC_PER_MSEC, 0, UINT64_MAX, &ns, &error),
			0);
		assert_int_equal(ns, goods[i].value);
		assert_string_equal(error.text, "");
	}
}

static void bare_durations_count_in_the_unit_given(void **state)
{
	(void)state;
	uint64_t ns = UNTOUCHED;
	assert_int_equal(units_parse_duration("1.5", NSEC_PER_SEC, 0, UINT64_MAX, &ns, NULL), 0);
	assert_int_equal(ns, 1500 * NSEC_PER_MSEC);
	assert_int_equal(units_parse_duration("5", MINUTE, 0, UINT64_MAX, &ns, NULL), 0);
	assert_int_equal(ns, 5 * MINUTE);
}

static void assert_duration_refused(const char *text, int code, const char *message)
{
	struct error error = ERROR_INIT;
	uint64_t ns = UNTOUCHED;
	assert_int_equal(
		units_parse_duration(text, NSEC_PER_MSEC, NSEC_PER_MSEC, HOUR, &ns, &error), code);
	assert_int_equal(ns, UNTOUCHED);
	assert_string_equal(error.text, message);
}

static void durations_are_refused_with_a_reason(void **state)
{
	(void)state;
	assert_duration_refused("soon", -EINVAL,
		"'soon' is not a duration such as 250ms, 1.5s or 1m30s (units ns, us, ms, s, m, "
		"h; a bare 1 is 1ms)");
	assert_duration_refused("-5", -ERANGE,
		"'-5' is not in the range from 1ms to 1h0m0s (units ns, us, ms, s, m, h)");
	assert_duration_refused("-1m30s", -ERANGE,
		"'-1m30s' is not in the range from 1ms to 1h0m0s (units ns, us, ms, s, m, h)");
	assert_duration_refused("61m", -ERANGE,
		"'61m' is not in the range from 1ms to 1h0m0s (units ns, us, ms, s, m, h)");
	assert_duration_refused("999us", -ERANGE,
		"'999us' is not in the range from 1ms to 1h0m0s (units ns, us, ms, s, m, h)");
}

static void malformed_durations_are_no_value(void **state)
{
	(void)state;
	static const char *const bads[] = {
		"s",
		"ms",
		"1S",
		"1M",
		"5 ms",
		"1m 30s",
		"1m30", /* a unit is left out only where there is one number */
		"30-1s",
		"1m-30s",
		"1m+30s",
		"1.5.s",
		"1sec",
		"1\xc2\xb5", /* micro what? */
		"1\xc2", /* half a character */
		"0.5ns", /* finer than a nanosecond */
		"0.0000000001s", /* likewise */
		"0.3333333333333333333333s",
		"99999999999999999999x", /* too large, but malformed first */
		"99999999999999999999s1",
		"1d",
	};
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		uint64_t ns = UNTOUCHED;
		assert_int_equal(
			units_parse_duration(bads[i], NSEC_PER_MSEC, 0, UINT64_MAX, &ns, NULL),
			-EINVAL);
		assert_int_equal(ns, UNTOUCHED);
	}
}

static void durations_beyond_64_bits_are_out_of_range(void **state)
{
	(void)state;
	static const char *const bads[] = {
		"5124095h34m33.709551616s",
		"5124096h",
		"18446744073709551615",
		"18446744073709551616ns",
		"18446744073709551615ns1ns",
		"99999999999999999999999999h",
	};
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		uint64_t ns = UNTOUCHED;
		assert_int_equal(
			units_parse_duration(bads[i], NSEC_PER_MSEC, 0, UINT64_MAX, &ns, NULL),
			-ERANGE);
		assert_int_equal(ns, UNTOUCHED);
	}
}

/* What time.Duration.String() prints, up to its largest; then what it would print beyond. */
static void durations_print_as_go_does(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0s", 0},
		{"1ns", 1},
		{"10ns", 10},
		{"999ns", 999},
		{"1\u00b5s", 1000},
		{"1.001\u00b5s", 1001},
		{"1.1\u00b5s", 1100},
		{"1.5\u00b5s", 1500},
		{"37\u00b5s", 37000},
		{"100\u00b5s", 100000},
		{"319\u00b5s", 319000},
		{"999.999\u00b5s", 999999},
		{"1ms", 1000000},
		{"1.000001ms", 1000001},
		{"1.01ms", 1010000},
		{"1.122ms", 1122000},
		{"2.2ms", 2200000},
		{"49.892ms", 49892000},
		{"50.205ms", 50205000},
		{"50.74ms", 50740000},
		{"100ms", 100000000},
		{"999.999999ms", 999999999},
		{"1s", 1000000000},
		{"1.000000001s", 1000000001},
		{"1.5s", 1500000000},
		{"3.3s", 3300000000},
		{"10s", 10 * NSEC_PER_SEC},
		{"59.999999999s", MINUTE - 1},
		{"1m0s", MINUTE},
		{"1m0.5s", MINUTE + NSEC_PER_SEC / 2},
		{"1m30s", 90 * NSEC_PER_SEC},
		{"4m5s", 4 * MINUTE + 5 * NSEC_PER_SEC},
		{"4m5.001s", 4 * MINUTE + 5001 * NSEC_PER_MSEC},
		{"8m0.000000001s", 8 * MINUTE + 1},
		{"10m10.01s", 10 * MINUTE + 10010 * NSEC_PER_MSEC},
		{"59m59.999999999s", HOUR - 1},
		{"1h0m0s", HOUR},
		{"1h0m0.000000001s", HOUR + 1},
		{"1h1m1s", HOUR + MINUTE + NSEC_PER_SEC},
		{"5h6m7.001s", 5 * HOUR + 6 * MINUTE + 7001 * NSEC_PER_MSEC},
		{"24h0m0s", 24 * HOUR},
		{"2562047h47m16.854775807s", INT64_MAX},
		{"5124095h34m33.709551615s", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		char buffer[UNITS_TEXT_MAX];
		assert_ptr_equal(units_format_duration(goods[i].value, buffer), buffer);
		assert_string_equal(buffer, goods[i].text);
		/* And it is read back as what it was. */
		uint64_t ns = UNTOUCHED;
		assert_int_equal(units_parse_duration(buffer, 1, 0, UINT64_MAX, &ns, NULL), 0);
		assert_int_equal(ns, goods[i].value);
	}
}

/* Values spread over all magnitudes: each text is short enough and means what was printed. */
static void printed_durations_read_back(void **state)
{
	(void)state;
	uint64_t ns = 1;
	for (int i = 0; i < 20000; i++) {
		ns = ns * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t value = ns >> (i % 64);
		char buffer[UNITS_TEXT_MAX];
		uint64_t again = UNTOUCHED;
		units_format_duration(value, buffer);
		assert_int_equal(units_parse_duration(buffer, 1, 0, UINT64_MAX, &again, NULL), 0);
		assert_int_equal(again, value);
	}
}

static void times_print_with_four_digits(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0µs", 999},
		{"319µs", 319999},
		{"2.393ms", 2393000},
		{"50.20ms", 50200000},
		{"502.0ms", 502000000},
		{"3.002s", UINT64_C(3002000000)},
		{"59.99s", UINT64_C(59990000000)},
		{"1m30s", UINT64_C(90500000000)},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		char buffer[UNITS_TEXT_MAX];
		assert_ptr_equal(units_format_time(goods[i].value, buffer), buffer);
		assert_string_equal(buffer, goods[i].text);
	}
}

static void bytes_print_for_people(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0 B", 0},
		{"512 B", 512},
		{"1023 B", 1023},
		{"1.0 KiB", 1024},
		{"1.5 KiB", 1536},
		{"101.0 KiB", 101 << 10},
		{"1023.9 KiB", (1 << 20) - 103},
		{"1.0 MiB", (1 << 20) - 1},
		{"1.0 MiB", 1 << 20},
		{"6.8 GiB", UINT64_C(7301444403)},
		{"1.0 TiB", UINT64_C(1) << 40},
		{"1.0 PiB", UINT64_C(1) << 50},
		{"1.0 EiB", UINT64_C(1) << 60},
		{"16.0 EiB", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		char buffer[UNITS_TEXT_MAX];
		assert_ptr_equal(units_format_bytes(goods[i].value, buffer), buffer);
		assert_string_equal(buffer, goods[i].text);
	}
}

static void counts_print_with_commas(void **state)
{
	(void)state;
	static const struct good goods[] = {
		{"0", 0},
		{"999", 999},
		{"1,000", 1000},
		{"19,000", 19000},
		{"100,000", 100000},
		{"1,000,000", 1000000},
		{"18,446,744,073,709,551,615", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		char buffer[UNITS_TEXT_MAX];
		assert_ptr_equal(units_format_count(goods[i].value, buffer), buffer);
		assert_string_equal(buffer, goods[i].text);
	}
}

static void clocks_count_seconds(void **state)
{
	(void)state;
	char text[UNITS_TEXT_MAX];
	assert_string_equal(units_format_clock(NSEC_PER_SEC - 1, text), "0:00");
	assert_string_equal(units_format_clock(7 * NSEC_PER_SEC, text), "0:07");
	assert_string_equal(units_format_clock(252 * NSEC_PER_SEC, text), "4:12");
	assert_string_equal(units_format_clock(3723 * NSEC_PER_SEC, text), "1:02:03");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_read),
		cmocka_unit_test(counts_are_refused_with_a_reason),
		cmocka_unit_test(counts_hold_their_bounds),
		cmocka_unit_test(nonsense_is_no_value),
		cmocka_unit_test(what_was_expected_survives_a_long_text),
		cmocka_unit_test(paces_are_read),
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(bare_durations_count_in_the_unit_given),
		cmocka_unit_test(durations_are_refused_with_a_reason),
		cmocka_unit_test(malformed_durations_are_no_value),
		cmocka_unit_test(durations_beyond_64_bits_are_out_of_range),
		cmocka_unit_test(durations_print_as_go_does),
		cmocka_unit_test(printed_durations_read_back),
		cmocka_unit_test(times_print_with_four_digits),
		cmocka_unit_test(bytes_print_for_people),
		cmocka_unit_test(counts_print_with_commas),
		cmocka_unit_test(clocks_count_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "compare/measure.h"
#include "json_samples.h"
#include "tcpgoon/verdict/threshold.h"

static bool find(const char *wanted, struct measure *ret_measure)
{
	struct measure measure;
	bool found = false;
	for (size_t i = 0; measure_at(i, &measure); i++) {
		char name[MEASURE_NAME_MAX];
		if (strcmp(measure_name(&measure, name), wanted) == 0) {
			assert_false(found); /* each name once */
			found = true;
			*ret_measure = measure;
		}
	}
	return found;
}

/* Under the same names, but the most at one time, which is no share. */
static void each_metric_is_compared(void **state)
{
	(void)state;
	struct threshold_metric metric;
	struct measure measure;
	for (size_t i = 0; threshold_metric_at(i, &metric); i++) {
		if (metric.kind != THRESHOLD_TIME) {
			assert_int_equal(find(metric.name, &measure),
				strcmp(metric.name, "max-concurrent") != 0);
			continue;
		}
		for (int j = 0; j < STATISTICS; j++) {
			char name[MEASURE_NAME_MAX];
			snprintf(name, sizeof(name), "%s.%s", metric.name,
				statistic_name((enum statistic)j));
			assert_true(find(name, &measure));
			assert_int_equal(measure_is_listed(&measure),
				statistic_is_percentile((enum statistic)j));
		}
	}
}

static double value_of(const char *name, const struct result *result)
{
	struct measure measure;
	assert_true(find(name, &measure));
	return measure_value(&measure, result);
}

static void values_are_those_of_the_result(void **state)
{
	(void)state;
	struct result result;
	assert_int_equal(sample_full(&result), 0);
	assert_true(value_of("handshake.p99", &result) == 990);
	assert_true(value_of("handshake.mean", &result) == 500.5);
	assert_true(value_of("errors", &result) == 0.1);
	assert_true(value_of("drops", &result) == 0.25);
	assert_true(fabs(value_of("rate", &result) - 800 / 9.0) < 1e-9);
	assert_true(value_of("cpu", &result) == 2500);
	/* From 4 to 16: not known. */
	assert_true(isnan(value_of("unconfirmed", &result)));
	assert_true(isnan(value_of("lag.p50", &result)));
	histogram_record(&result.times[TIMES_LAG], 5);
	assert_true(value_of("lag.p50", &result) == 5);
	result.schedule = schedule_every(0, 1);
	assert_true(isnan(value_of("lag.p50", &result)));
	result.totals.failed = 901; /* a stored result may say so */
	assert_true(isnan(value_of("errors", &result)));
	result_finish(&result);

	assert_int_equal(sample_empty(&result), 0);
	struct measure measure;
	for (size_t i = 0; measure_at(i, &measure); i++) {
		assert_true(isnan(measure_value(&measure, &result)));
	}
	result_finish(&result);
}

static void values_are_written_for_people(void **state)
{
	(void)state;
	const struct {
		const char *name;
		double value;
		const char *text;
	} cases[] = {
		{"connect.p99", 87, "87\u00b5s"},
		{"connect.mean", 8.25, "8.2\u00b5s"},
		{"connect.p99", 2393, "2.39ms"},
		{"connect.p99", 50200, "50.2ms"},
		{"connect.p99", 999000, "999ms"},
		{"connect.p99", 3002000, "3.00s"},
		{"errors", 0.00012, "0.012%"},
		{"established", 1, "100%"},
		{"rate", 39519.2, "39519/s"},
		{"rate", 9.25, "9.2/s"},
		{"cpu", 25, "25\u00b5s"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct measure measure;
		char text[MEASURE_TEXT_MAX];
		assert_true(find(cases[i].name, &measure));
		assert_string_equal(measure_format(&measure, cases[i].value, text), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_metric_is_compared),
		cmocka_unit_test(values_are_those_of_the_result),
		cmocka_unit_test(values_are_written_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

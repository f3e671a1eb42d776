/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_samples.h"
#include "report/page_data.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

struct fixture {
	struct result result;
	struct verdict verdict;
	struct threshold_rules rules;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(sample_empty(&fixture->result), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

static json_t *make(struct fixture *fixture, size_t count)
{
	verdict_judge(&fixture->result, &fixture->rules, &fixture->verdict);
	const struct report_part part = {"a.json", &fixture->result, &fixture->verdict};
	const struct report_part parts[] = {part, part};
	json_t *data = page_data_make(parts, count, &fixture->verdict);
	assert_non_null(data);
	return data;
}

static const json_t *curve_of(const json_t *data, const char *name)
{
	const json_t *part = json_array_get(json_object_get(data, "parts"), 0);
	return json_object_get(json_object_get(part, "curves"), name);
}

static double x_at(const json_t *curve, size_t index)
{
	return json_real_value(json_array_get(json_array_get(curve, index), 0));
}

static json_int_t y_at(const json_t *curve, size_t index)
{
	return json_integer_value(json_array_get(json_array_get(curve, index), 1));
}

static void a_curve_goes_from_the_least_to_the_greatest(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *times = &fixture->result.times[TIMES_CONNECT];
	for (uint64_t us = 1; us <= 1000; us++) {
		histogram_record(times, us);
	}
	json_t *data = make(fixture, 1);
	const json_t *curve = curve_of(data, "connect");
	size_t count = json_array_size(curve);
	assert_true(count > 5 * 9 && count < 5 * 11); /* 1000 is about 2^10 */
	assert_true(x_at(curve, 0) == 1);
	assert_int_equal(y_at(curve, 0), 1);
	assert_true(x_at(curve, 5) == 2); /* the median */
	assert_int_equal(y_at(curve, 5), 500);
	assert_true(x_at(curve, count - 1) == 1000);
	assert_int_equal(y_at(curve, count - 1), 1000);
	for (size_t i = 1; i < count; i++) {
		assert_true(x_at(curve, i) > x_at(curve, i - 1));
		assert_true(y_at(curve, i) >= y_at(curve, i - 1));
		double percentile = 100 * (1 - 1 / x_at(curve, i)) - 1e-9; /* rounding */
		if (i < count - 1) {
			assert_int_equal(y_at(curve, i), histogram_percentile(times, percentile));
		}
	}
	json_decref(data);
}

static void few_values_make_short_curves(void **state)
{
	struct fixture *fixture = *state;
	histogram_record(&fixture->result.times[TIMES_CONNECT], 7);
	json_t *data = make(fixture, 1);
	assert_int_equal(json_array_size(curve_of(data, "lag")), 0);
	assert_int_equal(json_array_size(curve_of(data, "connect")), 1);
	assert_int_equal(y_at(curve_of(data, "connect"), 0), 7);
	json_decref(data);
}

static void each_part_has_its_report(void **state)
{
	struct fixture *fixture = *state;
	json_t *data = make(fixture, 2);
	const json_t *parts = json_object_get(data, "parts");
	assert_int_equal(json_array_size(parts), 2);
	const json_t *part = json_array_get(parts, 1);
	assert_string_equal(json_string_value(json_object_get(part, "name")), "a.json");
	const json_t *result = json_object_get(part, "result");
	assert_string_equal(
		json_string_value(json_object_get(result, "schema")), "tcpgoon-result/2");
	assert_non_null(json_object_get(result, "series"));
	json_decref(data);
}

/* The script has no list of its own: what it shows of these is named here. */
static void the_tables_of_the_program_are_in_it(void **state)
{
	struct fixture *fixture = *state;
	json_t *data = make(fixture, 1);
	assert_int_equal(json_array_size(json_object_get(data, "times")), TIMES_MAX);
	assert_int_equal(json_array_size(json_object_get(data, "statistics")), STATISTICS);
	size_t figures = 0;
	while (figure_at(figures) != NULL) {
		figures++;
	}
	assert_int_equal(json_array_size(json_object_get(data, "figures")), figures);
	const json_t *verdict = json_object_get(data, "verdict");
	assert_string_equal(json_string_value(json_object_get(verdict, "meaning")),
		exit_status_summary(fixture->verdict.exit_status));
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_curve_goes_from_the_least_to_the_greatest, setup, teardown),
		cmocka_unit_test_setup_teardown(few_values_make_short_curves, setup, teardown),
		cmocka_unit_test_setup_teardown(each_part_has_its_report, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_tables_of_the_program_are_in_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

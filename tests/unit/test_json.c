/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "tcpgoon/report/json.h"
#include "tcpgoon/stats/hdr_encoding.h"

struct fixture {
	struct result result;
	json_t *root; /* its report, read back */
};

static int read_back(struct fixture *fixture)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	struct verdict verdict = plain_verdict(&fixture->result);
	assert_int_equal(report_json.final(out, &fixture->result, &verdict), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(text[length - 1], '\n');
	json_error_t error;
	fixture->root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	free(text);
	assert_non_null(fixture->root);
	return 0;
}

static int setup_empty(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(sample_empty(&fixture->result), 0);
	*state = fixture;
	return read_back(fixture);
}

static int setup_full(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(sample_full(&fixture->result), 0);
	*state = fixture;
	return read_back(fixture);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->root);
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	assert_non_null(text);
	return text;
}

static json_int_t count_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void assert_real(const json_t *object, const char *key, double expected)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_real(value));
	assert_true(fabs(json_real_value(value) - expected) < 1e-9);
}

static void the_head_says_what_it_is_of(void **state)
{
	const struct fixture *fixture = *state;
	assert_string_equal(text_of(fixture->root, "schema"), "tcpgoon-result/1");
	assert_string_equal(text_of(fixture->root, "ended"), "interrupted");
	assert_real(fixture->root, "duration_s", 12.345678901);
	assert_real(fixture->root, "dialing_s", 9);
	const json_t *target = json_object_get(fixture->root, "target");
	assert_string_equal(text_of(target, "host"), "example.org");
	assert_string_equal(text_of(target, "address"), "192.0.2.1");
	assert_int_equal(count_of(target, "port"), 80);
}

static void connections_are_counted(void **state)
{
	const struct fixture *fixture = *state;
	const struct {
		const char *key;
		json_int_t count;
	} expected[] = {{"requested", 1000}, {"dialed", 900}, {"established", 800},
		{"unconfirmed", 4}, {"failed", 90}, {"closed_by_peer", 200}, {"open_at_end", 600},
		{"undecided", 10}, {"max_concurrent", 700}};
	const json_t *connections = json_object_get(fixture->root, "connections");
	assert_int_equal(json_object_size(connections), sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(count_of(connections, expected[i].key), expected[i].count);
	}
}

static void times_are_in_microseconds_and_whole_as_a_histogram(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *times = json_object_get(fixture->root, "handshake_us");
	assert_int_equal(count_of(times, "count"), 1000);
	assert_int_equal(count_of(times, "min"), 1);
	assert_int_equal(count_of(times, "p50"), 500);
	assert_int_equal(count_of(times, "p90"), 900);
	assert_int_equal(count_of(times, "p99"), 990);
	assert_int_equal(count_of(times, "p999"), 999);
	assert_int_equal(count_of(times, "max"), 1000);
	assert_real(times, "mean", 500.5);
	assert_real(
		times, "stddev", (double)histogram_stddev_ns(&fixture->result.handshake) / 1000);

	struct histogram decoded;
	assert_int_equal(histogram_init(&decoded), 0);
	assert_int_equal(histogram_decode(&decoded, text_of(times, "hdr"), NULL), 0);
	assert_int_equal(decoded.count, 1000);
	assert_int_equal(histogram_percentile(&decoded, 50), 500);
	histogram_finish(&decoded);

	assert_int_equal(count_of(json_object_get(fixture->root, "connect_us"), "max"), 10000);
	assert_int_equal(count_of(json_object_get(fixture->root, "failure_us"), "max"), 5000000);
	assert_int_equal(count_of(json_object_get(fixture->root, "lag_us"), "count"), 0);
}

static void each_cause_is_told_with_its_side(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *causes = json_object_get(fixture->root, "causes");
	assert_int_equal(json_array_size(causes), CAUSE_MAX - 1);
	for (int cause = CAUSE_NONE + 1; cause < CAUSE_MAX; cause++) {
		const json_t *item = json_array_get(causes, (size_t)cause - 1);
		enum cause_side side = cause_side((enum cause)cause);
		assert_string_equal(text_of(item, "cause"), cause_name((enum cause)cause));
		assert_string_equal(text_of(item, "side"), cause_side_name(side));
		assert_string_equal(text_of(item, "hint"), cause_hint((enum cause)cause));
		assert_int_equal(count_of(item, "count"), cause);
		assert_real(item, "first_s", 0.001);
		assert_real(item, "last_s", 1.5);
		if (cause == CAUSE_REFUSED) {
			assert_string_equal(text_of(item, "last_errno"), "ECONNREFUSED");
		} else {
			assert_true(json_is_null(json_object_get(item, "last_errno")));
		}
	}
}

static void what_is_not_known_is_null(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *connections = json_object_get(fixture->root, "connections");
	assert_true(json_is_null(json_object_get(connections, "unconfirmed")));
	assert_true(json_is_null(json_object_get(fixture->root, "dialing_s")));
	assert_int_equal(json_array_size(json_object_get(fixture->root, "causes")), 0);
	assert_string_equal(text_of(fixture->root, "ended"), "completed");
	const json_t *times = json_object_get(fixture->root, "connect_us");
	assert_int_equal(count_of(times, "count"), 0);
	const char *const keys[] = {"min", "mean", "stddev", "p50", "p90", "p99", "p999", "max"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_true(json_is_null(json_object_get(times, keys[i])));
	}
	assert_true(strlen(text_of(times, "hdr")) > 0);
}

static void a_host_that_is_no_text_is_null(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->root);
	fixture->result.host = "\xff\xfe";
	read_back(fixture);
	const json_t *target = json_object_get(fixture->root, "target");
	assert_true(json_is_null(json_object_get(target, "host")));
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *fixture = *state;
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	struct verdict verdict = plain_verdict(&fixture->result);
	assert_true(report_json.final(full, &fixture->result, &verdict) < 0);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_head_says_what_it_is_of, setup_full, teardown),
		cmocka_unit_test_setup_teardown(connections_are_counted, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			times_are_in_microseconds_and_whole_as_a_histogram, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			each_cause_is_told_with_its_side, setup_full, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_null, setup_empty, teardown),
		cmocka_unit_test_setup_teardown(
			a_host_that_is_no_text_is_null, setup_empty, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup_full, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

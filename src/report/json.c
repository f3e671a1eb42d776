/* SPDX-License-Identifier: MIT */
/*
 * One function makes one object. Where memory is short it returns NULL, and a NULL put into an
 * object makes that one NULL too: so the end is the only place to look.
 */
#include "tcpgoon/report/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/stats/hdr_encoding.h"

/* Enough for nanoseconds in a run of a month, and for no noise behind. */
#define REAL_DIGITS 15

static json_t *make_count(uint64_t count)
{
	return json_integer((json_int_t)count);
}

static json_t *make_known_count(uint64_t count)
{
	return count == RESULT_UNKNOWN ? json_null() : make_count(count);
}

static json_t *make_seconds(uint64_t ns)
{
	return json_real((double)ns / (double)NSEC_PER_SEC);
}

static json_t *make_known_seconds(uint64_t ns)
{
	return ns == RESULT_UNKNOWN ? json_null() : make_seconds(ns);
}

static json_t *make_us(uint64_t ns)
{
	return json_real((double)ns / (double)NSEC_PER_USEC);
}

/* What is no UTF-8, as an argument may be, cannot be said in JSON. */
static json_t *make_text(const char *text)
{
	json_t *string = text == NULL ? NULL : json_string(text);
	return string == NULL ? json_null() : string;
}

static json_t *make_target(const struct result *result)
{
	char address[ADDRESS_TEXT_MAX];
	return json_pack("{s:o, s:o, s:o}", "host", make_text(result->host), "address",
		make_text(address_format_host(&result->target, address)), "port",
		make_count(address_port(&result->target)));
}

static json_t *make_connections(const struct result *result)
{
	const struct snapshot *end = &result->at_end;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "requested",
		make_count(end->total), "dialed", make_count(result->dialed), "established",
		make_count(result->established), "unconfirmed",
		make_known_count(result->unconfirmed), "failed", make_count(end->failed),
		"closed_by_peer", make_count(end->closed), "open_at_end",
		make_count(end->established), "undecided", make_count(end->dialing),
		"max_concurrent", make_count(result->max_concurrent));
}

static json_t *make_encoded(const struct histogram *histogram)
{
	char *text = NULL;
	if (histogram_encode(histogram, &text) < 0) {
		return NULL;
	}
	json_t *encoded = json_string(text);
	free(text);
	return encoded;
}

/* Of an empty one, the numbers that it does not have are null. */
static json_t *make_times(const struct histogram *histogram)
{
	json_t *times = json_pack("{s:o}", "count", make_count(histogram->count));
	bool empty = histogram->count == 0;
	const struct {
		const char *name;
		double percentile;
	} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}};

	int r = json_object_set_new(
		times, "min", empty ? json_null() : make_count(histogram->min_us));
	r |= json_object_set_new(
		times, "mean", empty ? json_null() : make_us(histogram_mean_ns(histogram)));
	r |= json_object_set_new(
		times, "stddev", empty ? json_null() : make_us(histogram_stddev_ns(histogram)));
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		uint64_t value_us = histogram_percentile(histogram, percentiles[i].percentile);
		r |= json_object_set_new(
			times, percentiles[i].name, empty ? json_null() : make_count(value_us));
	}
	r |= json_object_set_new(times, "max", empty ? json_null() : make_count(histogram->max_us));
	r |= json_object_set_new(times, "hdr", make_encoded(histogram));
	if (r != 0) {
		json_decref(times);
		return NULL;
	}
	return times;
}

static json_t *make_cause(enum cause cause, const struct cause_tally *tally)
{
	const char *error_name = tally->last_errno > 0 ? strerrorname_np(tally->last_errno) : NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cause",
		make_text(cause_name(cause)), "side", make_text(cause_side_name(cause_side(cause))),
		"count", make_count(tally->count), "first_s", make_seconds(tally->first_ns),
		"last_s", make_seconds(tally->last_ns), "last_errno", make_text(error_name), "hint",
		make_text(cause_hint(cause)));
}

static json_t *make_causes(const struct result *result)
{
	json_t *causes = json_array();
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		const struct cause_tally *tally = &result->causes[i];
		if (i == CAUSE_NONE || tally->count == 0) {
			continue;
		}
		if (json_array_append_new(causes, make_cause((enum cause)i, tally)) != 0) {
			json_decref(causes);
			return NULL;
		}
	}
	return causes;
}

static const char *const end_names[] = {
	[RUN_COMPLETED] = "completed",
	[RUN_INTERRUPTED] = "interrupted",
};

static json_t *make_result(const struct result *result)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
		REPORT_JSON_SCHEMA, "target", make_target(result), "ended", end_names[result->end],
		"duration_s", make_seconds(result->duration_ns), "dialing_s",
		make_known_seconds(result->dialing_ns), "connections", make_connections(result),
		"handshake_us", make_times(&result->handshake), "connect_us",
		make_times(&result->connect), "failure_us", make_times(&result->failure), "lag_us",
		make_times(&result->lag), "causes", make_causes(result));
}

static int json_final(FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)verdict;
	json_t *root = make_result(result);
	if (root == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(root);
	if (r != 0 || fputc('\n', out) == EOF || fflush(out) != 0) {
		return -EIO;
	}
	return 0;
}

const struct report_ops report_json = {
	.name = "json",
	.final = json_final,
};

/* SPDX-License-Identifier: MIT */
/*
 * One ExportMetricsServiceRequest in the JSON of OTLP, on a line, as otlpjsonfile of the collector
 * reads it: names in lowerCamelCase, whole numbers of 64 bits as strings, enums as numbers.
 *
 * What a run counts (totals, causes) is a sum of its span of time, a "delta": sums of several runs
 * add up. Times are exponential histograms of that span. All else is as it was at the end: a gauge.
 * What is not known is left out.
 */
#include "report/otlp.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/exponential.h"
#include "version.h"

#define NAME_MAX_LENGTH 96
#define REAL_DIGITS 15

/* AGGREGATION_TEMPORALITY_DELTA */
#define DELTA 1

/* ---- Values ---------------------------------------------------------------------------------- */

/* As JSON has no numbers of 64 bits. */
static json_t *make_wide(uint64_t value)
{
	return json_sprintf("%" PRIu64, value);
}

static json_t *make_text_attribute(const char *key, const char *value)
{
	return json_pack(
		"{s:s, s:{s:o}}", "key", key, "value", "stringValue", json_value_text(value));
}

static json_t *make_resource(const struct result *result)
{
	json_t *attributes = json_array();
	attributes = json_value_append(attributes, make_text_attribute("service.name", "tcpgoon"));
	attributes =
		json_value_append(attributes, make_text_attribute("service.version", VERSION_TEXT));
	attributes = json_value_append(attributes, make_text_attribute("os.type", "linux"));
	if (result->machine.kernel[0] != '\0') {
		attributes = json_value_append(
			attributes, make_text_attribute("os.version", result->machine.kernel));
	}
	return json_value_with(json_object(), "attributes", attributes);
}

/* Those of each point: what was dialled, as far as it was given. */
static json_t *make_attributes(const struct result *result)
{
	const struct result_settings *settings = &result->settings;
	json_t *attributes = json_array();
	if (settings->host != NULL) {
		attributes = json_value_append(
			attributes, make_text_attribute("server.address", settings->host));
	}
	if (settings->ports != NULL) {
		attributes = json_value_append(
			attributes, make_text_attribute("tcpgoon.ports", settings->ports));
	}
	return attributes;
}

/* Of the span of the run; `keys` and `values` are further attributes, up to NULL. */
static json_t *make_point(
	const struct result *result, const char *const *keys, const char *const *values)
{
	json_t *attributes = make_attributes(result);
	for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
		attributes = json_value_append(attributes, make_text_attribute(keys[i], values[i]));
	}
	json_t *point = json_value_with(json_object(), "attributes", attributes);
	point = json_value_with(point, "startTimeUnixNano", make_wide(result->started_at_ns));
	return json_value_with(
		point, "timeUnixNano", make_wide(result->started_at_ns + result->duration_ns));
}

/* "tcpgoon.NAME"; its data are of a kind ("sum", "gauge", "exponentialHistogram"). */
static json_t *make_metric(
	const char *name, const char *description, const char *unit, const char *kind, json_t *data)
{
	json_t *metric = json_value_with(json_object(), "name", json_sprintf("tcpgoon.%s", name));
	metric = json_value_with(metric, "description", json_value_text(description));
	metric = json_value_with(metric, "unit", json_string(unit));
	return json_value_with(metric, kind, data);
}

static json_t *make_gauge(json_t *points)
{
	return json_value_with(json_object(), "dataPoints", points);
}

static json_t *make_sum(json_t *points)
{
	json_t *sum = json_value_with(json_object(), "dataPoints", points);
	sum = json_value_with(sum, "aggregationTemporality", json_integer(DELTA));
	return json_value_with(sum, "isMonotonic", json_true());
}

static json_t *make_list_of_one(json_t *point)
{
	return json_value_append(json_array(), point);
}

/* ---- Figures --------------------------------------------------------------------------------- */

/*
 * In the units of UCUM. The names keep a unit, as in openmetrics, where a count and a time would
 * have the same otherwise.
 */
static const char *const units[] = {
	[FIGURE_COUNT] = "1",
	[FIGURE_NS] = "s",
	[FIGURE_US] = "s",
	[FIGURE_BYTES] = "By",
};

/* None of the totals falls (result/totals). */
static bool is_total(const struct figure *figure)
{
	const size_t first = offsetof(struct result, totals);
	return figure->offset >= first && figure->offset < first + sizeof(struct totals);
}

static json_t *make_figure(const struct figure *figure, const struct result *result)
{
	char name[NAME_MAX_LENGTH];
	const char *group = figure_group_name(figure->group);
	uint64_t value = figure_value(figure, result);
	uint64_t parts = figure_per_base_unit(figure);
	char own[FIGURE_BASE_NAME_MAX];
	snprintf(name, sizeof(name), "%s%s%s", group != NULL ? group : "", group != NULL ? "." : "",
		figure_base_name(figure, own));
	json_t *point = make_point(result, NULL, NULL);
	point = parts > 1
		? json_value_with(point, "asDouble", json_real((double)value / (double)parts))
		: json_value_with(point, "asInt", make_wide(value));
	json_t *points = make_list_of_one(point);
	bool sum = is_total(figure);
	return make_metric(name, figure->title, units[figure->unit], sum ? "sum" : "gauge",
		sum ? make_sum(points) : make_gauge(points));
}

static json_t *with_figures(json_t *metrics, const struct result *result)
{
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure_value(figure, result) != RESULT_UNKNOWN) {
			metrics = json_value_append(metrics, make_figure(figure, result));
		}
	}
	return metrics;
}

/* ---- Times ----------------------------------------------------------------------------------- */

static json_t *make_buckets(const struct exponential *buckets)
{
	json_t *counts = json_array();
	for (size_t i = 0; i < buckets->bucket_count && counts != NULL; i++) {
		counts = json_value_append(counts, make_wide(buckets->buckets[i]));
	}
	json_t *object = json_value_with(json_object(), "offset", json_integer(buckets->offset));
	return json_value_with(object, "bucketCounts", counts);
}

static json_t *make_times(const struct result *result, enum times kind)
{
	char name[NAME_MAX_LENGTH];
	const struct histogram *times = &result->times[kind];
	struct exponential buckets;
	exponential_from_histogram(times, &buckets);
	json_t *point = make_point(result, NULL, NULL);
	point = json_value_with(point, "count", make_wide(times->count));
	point = json_value_with(point, "sum", json_real((double)times->sum_us / USEC_PER_SEC));
	point = json_value_with(point, "min", json_real((double)times->min_us / USEC_PER_SEC));
	point = json_value_with(point, "max", json_real((double)times->max_us / USEC_PER_SEC));
	point = json_value_with(point, "scale", json_integer(buckets.scale));
	point = json_value_with(point, "zeroCount", make_wide(buckets.zero_count));
	point = json_value_with(point, "positive", make_buckets(&buckets));
	json_t *data = json_value_with(json_object(), "dataPoints", make_list_of_one(point));
	data = json_value_with(data, "aggregationTemporality", json_integer(DELTA));
	snprintf(name, sizeof(name), "%s.duration", times_row(kind)->name);
	return make_metric(name, times_row(kind)->meaning, "s", "exponentialHistogram", data);
}

static json_t *with_times(json_t *metrics, const struct result *result)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		if (times_is_told(result, (enum times)i)) {
			metrics = json_value_append(metrics, make_times(result, (enum times)i));
		}
	}
	return metrics;
}

/* ---- What it comes to ------------------------------------------------------------------------ */

static json_t *with_causes(json_t *metrics, const struct result *result)
{
	static const char *const keys[] = {"cause", "side", NULL};
	json_t *points = json_array();
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		const char *const values[] = {
			cause_name(cause), cause_side_name(cause_side(cause))};
		if (result->causes[i].count > 0) {
			points = json_value_append(points,
				json_value_with(make_point(result, keys, values), "asInt",
					make_wide(result->causes[i].count)));
		}
	}
	if (json_array_size(points) == 0 && points != NULL) {
		json_decref(points);
		return metrics;
	}
	return json_value_append(metrics,
		make_metric("cause.connections", "connections that failed or ended, by cause",
			"{connection}", "sum", make_sum(points)));
}

static json_t *with_findings(
	json_t *metrics, const struct result *result, const struct findings *findings)
{
	static const char *const keys[] = {"finding", "side", NULL};
	json_t *points = json_array();
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		const char *const values[] = {finding->name, cause_side_name(finding->side)};
		points = json_value_append(points,
			json_value_with(make_point(result, keys, values), "asInt",
				make_wide(finding->count)));
	}
	if (findings->count == 0) {
		json_decref(points);
		return metrics;
	}
	return json_value_append(metrics,
		make_metric("finding.connections",
			"connections that a finding is about; 0 if it is not about connections",
			"{connection}", "gauge", make_gauge(points)));
}

static json_t *with_thresholds(
	json_t *metrics, const struct result *result, const struct verdict *verdict)
{
	static const char *const keys[] = {"expression", "option", NULL};
	json_t *points = json_array();
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold_rule *rule = &verdict->rules->list[i];
		const char *const values[] = {
			rule->threshold.text, rule->aborts ? "abort-if" : "fail-if"};
		if (verdict->outcomes[i].not_judged[0] == '\0') {
			points = json_value_append(points,
				json_value_with(make_point(result, keys, values), "asInt",
					make_wide(verdict->outcomes[i].crossed)));
		}
	}
	if (json_array_size(points) == 0 && points != NULL) {
		json_decref(points);
		return metrics;
	}
	return json_value_append(metrics,
		make_metric("threshold.crossed",
			"whether the threshold was crossed, where it could be judged", "1", "gauge",
			make_gauge(points)));
}

static json_t *with_status(
	json_t *metrics, const struct result *result, const struct verdict *verdict)
{
	json_t *point = json_value_with(
		make_point(result, NULL, NULL), "asInt", make_wide((uint64_t)verdict->exit_status));
	return json_value_append(metrics,
		make_metric("exit_status", "exit status of the run", "1", "gauge",
			make_gauge(make_list_of_one(point))));
}

static json_t *make_request(const struct result *result, const struct verdict *verdict)
{
	json_t *metrics = with_status(json_array(), result, verdict);
	metrics = with_thresholds(metrics, result, verdict);
	metrics = with_findings(metrics, result, &verdict->findings);
	metrics = with_causes(metrics, result);
	metrics = with_figures(metrics, result);
	metrics = with_times(metrics, result);
	json_t *scope =
		json_pack("{s:{s:s, s:s}}", "scope", "name", "tcpgoon", "version", VERSION_TEXT);
	json_t *resource = json_value_with(json_object(), "resource", make_resource(result));
	resource = json_value_with(resource, "scopeMetrics",
		make_list_of_one(json_value_with(scope, "metrics", metrics)));
	return json_value_with(json_object(), "resourceMetrics", make_list_of_one(resource));
}

static int otlp_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	json_t *request = make_request(result, verdict);
	if (request == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(request, out, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(request);
	return r == 0 && fputc('\n', out) != EOF && fflush(out) == 0 ? 0 : -EIO;
}

const struct report_ops report_otlp = {
	.name = "otlp",
	.extension = "json",
	.summary = "OpenTelemetry's metrics in JSON, for a collector's file receiver",
	.mode = REPORT_WHOLE,
	.end = otlp_end,
};

/* SPDX-License-Identifier: MIT */
/*
 * Each line can be read by itself: `type` says what it is, and a reader passes over types that it
 * does not know. The last line has the whole result as the JSON report has it, so nobody who reads
 * the lines needs a second report, and a file without it is of a run that goes on or broke off.
 *
 * An interval's percentiles come from what its histograms gained since the line before. The state
 * keeps their counts for that, 300 KB each, of which only the pages in use take memory.
 */
#include "report/ndjson.h"

#include <errno.h>
#include <stdlib.h>

#include "report/json.h"
#include "report/json_layout.h"
#include "report/json_times.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/gain.h"

struct ndjson_state {
	struct gain_mark marks[TIMES_MAX];
	struct histogram gained; /* its counts are these */
	uint64_t gained_counts[HISTOGRAM_COUNTS_LENGTH];
	struct totals totals; /* of the sample before */
	uint64_t elapsed_ns;
};

static json_t *make_line(const char *type)
{
	return json_value_with(json_object(), "type", json_string(type));
}

/* Consumes the line. */
static int write_line(FILE *out, json_t *line)
{
	if (line == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(JSON_REAL_DIGITS));
	json_decref(line);
	return r == 0 && fputc('\n', out) != EOF && fflush(out) == 0 ? 0 : -EIO;
}

static json_t *make_begin(const struct result *result)
{
	json_t *line =
		json_value_with(make_line("begin"), "schema", json_string(REPORT_NDJSON_SCHEMA));
	line = json_value_with(line, "tool", json_make_tool());
	line = json_value_with(line, "host", json_value_text(result->settings.host));
	return json_value_with(line, "settings", json_make_settings(result));
}

static int ndjson_begin(void *state, FILE *out, const struct settings *settings)
{
	(void)state;
	/* Not on the stack, which may be small. */
	CLEANUP(cleanup_free) struct result *result = malloc(sizeof(*result));
	int r = result == NULL ? -ENOMEM : result_init(result);
	if (r < 0) {
		return r;
	}
	r = result_set_settings(result, settings);
	if (r == 0) {
		r = write_line(out, make_begin(result));
	}
	result_finish(result);
	return r;
}

static json_t *make_rate(uint64_t now, uint64_t before, uint64_t interval_ns)
{
	return json_value_ratio((double)(now - before) * (double)NSEC_PER_SEC, (double)interval_ns);
}

static json_t *with_rates(
	json_t *line, const struct totals *now, const struct totals *before, uint64_t interval_ns)
{
	line = json_value_with(line, "interval_ns", json_value_count(interval_ns));
	line = json_value_with(
		line, "dialed_per_s", make_rate(now->dialed, before->dialed, interval_ns));
	line = json_value_with(line, "established_per_s",
		make_rate(now->established, before->established, interval_ns));
	line = json_value_with(
		line, "failed_per_s", make_rate(now->failed, before->failed, interval_ns));
	return json_value_with(line, "closed_by_peer_per_s",
		make_rate(now->dropped, before->dropped, interval_ns));
}

/* null of a stored run, whose causes are known for its end only. */
static json_t *make_causes(const struct result *result)
{
	uint64_t known = 0;
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		known += result->causes[i].count;
	}
	if (known == 0 && result->totals.failed + result->totals.dropped > 0) {
		return json_null();
	}
	json_t *causes = json_object();
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX && causes != NULL; i++) {
		if (result->causes[i].count > 0) {
			causes = json_value_with(causes, cause_name((enum cause)i),
				json_value_count(result->causes[i].count));
		}
	}
	return causes;
}

/* null where there is none: most lines have nothing to say of most times. */
static json_t *make_summary(const struct histogram *histogram)
{
	return histogram->count > 0 ? json_times_make_summary(histogram) : json_null();
}

static json_t *with_times(json_t *line, struct ndjson_state *state, const struct result *result)
{
	struct histogram *gained = &state->gained;
	gained->counts = state->gained_counts;
	for (int i = 0; i < TIMES_MAX; i++) {
		char name[JSON_LAYOUT_TIMES_NAME_MAX];
		gain_take(&state->marks[i], &result->times[i], gained);
		json_t *both =
			json_value_with(json_object(), "so_far", make_summary(&result->times[i]));
		both = json_value_with(both, "interval", make_summary(gained));
		line = json_value_with(line, json_layout_times_name((enum times)i, name), both);
	}
	return line;
}

static json_t *make_sample(struct ndjson_state *state, const struct result *result)
{
	const struct snapshot *now = &result->at_end;
	json_t *line = make_line("sample");
	if (json_table_write(&json_layout_sample, now, line) != 0) {
		json_decref(line);
		return NULL;
	}
	line = with_rates(
		line, &result->totals, &state->totals, now->elapsed_ns - state->elapsed_ns);
	line = json_value_with(line, "causes", make_causes(result));
	line = with_times(line, state, result);
	state->totals = result->totals;
	state->elapsed_ns = now->elapsed_ns;
	return line;
}

static int ndjson_sample(void *state, FILE *out, const struct result *result)
{
	return write_line(out, make_sample(state, result));
}

static int ndjson_event(void *state, FILE *out, const struct event *event)
{
	(void)state;
	uint64_t duration_ns = event->duration_ns > 0 ? event->duration_ns : RESULT_UNKNOWN;
	json_t *line =
		json_value_with(make_line("event"), "event", json_string(event_name(event->kind)));
	line = json_value_with(line, "elapsed_ns", json_value_count(event->elapsed_ns));
	line = json_value_with(line, "connections", json_value_count(event->count));
	return write_line(out, json_value_with(line, "duration_ns", json_value_count(duration_ns)));
}

static int ndjson_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	json_t *line = json_value_with(
		make_line("end"), "exit_status", json_integer(verdict->exit_status));
	return write_line(out, json_value_with(line, "result", json_make_report(result, verdict)));
}

const struct report_ops report_ndjson = {
	.name = "ndjson",
	.extension = "ndjson",
	.summary = "the run as it goes: a JSON object a line, the last one with the whole result",
	.mode = REPORT_STREAM,
	.state_size = sizeof(struct ndjson_state),
	.begin = ndjson_begin,
	.sample = ndjson_sample,
	.event = ndjson_event,
	.end = ndjson_end,
};

/* SPDX-License-Identifier: MIT */
/*
 * The page has the JSON report and not a selection from it: what it shows and what programs read is
 * the same. What a reader needs besides comes from the tables of the program, so that the script has
 * no list of its own: the names of times, statistics and figures, and the meaning of the status.
 *
 * A curve has a point at each percentile at which HdrHistogram's own plots have one: a fixed number
 * for each halving of the distance to 100, up to the one that the number of values can tell. The last
 * point is the maximum.
 */
#include "report/page_data.h"

#include <math.h>

#include "report/json.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/report/json_value.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

#define TICKS_PER_HALVING 5

/* [1 / (1 - quantile), microseconds]: the first is what the axis is logarithmic in. */
static json_t *make_point(double inverse, uint64_t us)
{
	return json_pack("[f, o]", inverse, json_value_count(us));
}

static json_t *make_curve(const struct histogram *times)
{
	json_t *curve = json_array();
	for (int i = 0; times->count > 0 && curve != NULL; i++) {
		double left = exp2(-(double)(i / TICKS_PER_HALVING)) *
			(1 - 0.5 * (i % TICKS_PER_HALVING) / TICKS_PER_HALVING);
		if (left * (double)times->count <= 1) {
			break;
		}
		curve = json_value_append(
			curve, make_point(1 / left, histogram_percentile(times, 100 * (1 - left))));
	}
	if (times->count > 0 && curve != NULL) {
		curve = json_value_append(curve, make_point((double)times->count, times->max_us));
	}
	return curve;
}

static json_t *make_curves(const struct result *result)
{
	json_t *curves = json_object();
	for (int i = 0; i < TIMES_MAX; i++) {
		curves = json_value_with(
			curves, times_row((enum times)i)->name, make_curve(&result->times[i]));
	}
	return curves;
}

static json_t *make_part(const struct report_part *part)
{
	json_t *object = json_value_with(json_object(), "name", json_value_text(part->name));
	object = json_value_with(object, "result", json_make_report(part->result, part->verdict));
	return json_value_with(object, "curves", make_curves(part->result));
}

static json_t *make_verdict(const struct verdict *verdict)
{
	json_t *reasons = json_array();
	for (size_t i = 0; i < verdict->reason_count && reasons != NULL; i++) {
		reasons = json_value_append(reasons, json_value_text(verdict->reasons[i]));
	}
	return json_value_with(json_pack("{s:i, s:s}", "exit_status", (int)verdict->exit_status,
				       "meaning", exit_status_summary(verdict->exit_status)),
		"reasons", reasons);
}

static json_t *make_times(void)
{
	json_t *list = json_array();
	for (int i = 0; i < TIMES_MAX && list != NULL; i++) {
		const struct times_row *row = times_row((enum times)i);
		list = json_value_append(list,
			json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "span", row->span,
				"meaning", row->meaning, "by",
				row->by_kernel ? "kernel" : "clock"));
	}
	return list;
}

static json_t *make_statistics(void)
{
	json_t *list = json_array();
	for (int i = 0; i < STATISTICS && list != NULL; i++) {
		list = json_value_append(list,
			json_pack("{s:s, s:s}", "name", statistic_name((enum statistic)i), "key",
				statistic_key((enum statistic)i)));
	}
	return list;
}

static json_t *make_figure(const struct figure *figure)
{
	static const char *const units[] = {
		[FIGURE_COUNT] = "count",
		[FIGURE_NS] = "ns",
		[FIGURE_US] = "us",
		[FIGURE_BYTES] = "bytes",
	};
	return json_pack("{s:s?, s:s, s:s, s:s}", "group", figure_group_name(figure->group), "name",
		figure->name, "title", figure->title, "unit", units[figure->unit]);
}

static json_t *make_figures(void)
{
	json_t *list = json_array();
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL && list != NULL; i++) {
		list = json_value_append(list, make_figure(figure));
	}
	return list;
}

json_t *page_data_make(const struct report_part *parts, size_t count, const struct verdict *verdict)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count && list != NULL; i++) {
		list = json_value_append(list, make_part(&parts[i]));
	}
	json_t *data = json_value_with(json_object(), "parts", list);
	data = json_value_with(data, "verdict", make_verdict(verdict));
	data = json_value_with(data, "times", make_times());
	data = json_value_with(data, "statistics", make_statistics());
	return json_value_with(data, "figures", make_figures());
}

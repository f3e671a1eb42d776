/* SPDX-License-Identifier: MIT */
/*
 * A metric is a row of result/figures or result/times. Only rates are rows of their own: a count by
 * a time.
 */
#include "tcpgoon/verdict/threshold.h"

#define OF(member) offsetof(struct result, member)

static const struct {
	const char *name;
	const char *meaning;
	size_t count; /* offsets of figures */
	size_t time;
} rates[] = {
	{"rate", "connections established a second, while dialing", OF(totals.established),
		OF(dialing_ns)},
};

#define RATES (sizeof(rates) / sizeof(rates[0]))

static struct threshold_metric of_figure(const struct figure *figure)
{
	return (struct threshold_metric){
		.name = figure->metric,
		.meaning = figure->title,
		.kind = THRESHOLD_COUNT,
		.figure = figure,
		.whole = figure_by_offset(figure->share_of),
	};
}

static struct threshold_metric of_times(enum times times)
{
	const struct times_row *row = times_row(times);
	return (struct threshold_metric){
		.name = row->name,
		.meaning = row->meaning,
		.kind = THRESHOLD_TIME,
		.times = times,
	};
}

static struct threshold_metric of_rate(size_t index)
{
	return (struct threshold_metric){
		.name = rates[index].name,
		.meaning = rates[index].meaning,
		.kind = THRESHOLD_RATE,
		.figure = figure_by_offset(rates[index].count),
		.whole = figure_by_offset(rates[index].time),
	};
}

bool threshold_metric_at(size_t index, struct threshold_metric *ret_metric)
{
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure->metric != NULL && index-- == 0) {
			*ret_metric = of_figure(figure);
			return true;
		}
	}
	if (index < TIMES_MAX) {
		*ret_metric = of_times((enum times)index);
		return true;
	}
	index -= TIMES_MAX;
	if (index < RATES) {
		*ret_metric = of_rate(index);
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * A comparison looks at a score of numbers, and of a score that did not change one looks changed at
 * 95%. So the rows are judged together, by the method of Holm (Scandinavian Journal of Statistics
 * 6, 1979): the least p must be below alpha divided by the number of rows, the next below alpha
 * divided by one less, until one is not. In at most 5 of 100 comparisons of equals anything is
 * called changed, however the rows depend on each other.
 *
 * Rows in which all runs agree are not counted: they cannot be called changed. If the user names
 * rows with --fail-if, only these are judged: so fewer runs are enough for them, and what decides
 * about the exit status is all that may raise an alarm.
 */
#include "tcpgoon/compare/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compare/contents.h"
#include "tcpgoon/base/cleanup.h"

static int make_rows(struct comparison *comparison)
{
	struct measure measure;
	size_t count = 0;
	while (measure_at(count, &measure)) {
		count++;
	}
	comparison->rows = calloc(count, sizeof(*comparison->rows));
	if (comparison->rows == NULL) {
		return -ENOMEM;
	}
	for (; comparison->row_count < count; comparison->row_count++) {
		struct row *row = &comparison->rows[comparison->row_count];
		measure_at(comparison->row_count, &measure);
		int r = row_init(row, &measure, &comparison->a, &comparison->b);
		if (r == 0 && comparison->pair) {
			row_bound_pair(row, comparison->a.results[0], comparison->b.results[0]);
		}
		if (r < 0) {
			row_finish(row);
			return r;
		}
	}
	return 0;
}

static bool is_asked_for(const struct comparison *comparison, size_t row)
{
	if (comparison->rules->count == 0) {
		return measure_is_listed(&comparison->rows[row].measure);
	}
	for (size_t i = 0; i < comparison->rules->count; i++) {
		if (comparison->rules->list[i].measure == row) {
			return true;
		}
	}
	return false;
}

static void choose_judged(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->row_count; i++) {
		struct row *row = &comparison->rows[i];
		row->judged =
			is_asked_for(comparison, i) && row->doubt == ROW_NO_DOUBT && !row->same;
		comparison->judged += row->judged;
	}
}

static int compare_by_p(const void *a, const void *b)
{
	double x = (*(const struct row *const *)a)->p;
	double y = (*(const struct row *const *)b)->p;
	return (x > y) - (x < y);
}

/* Holm's way down. */
static int judge_runs(struct comparison *comparison)
{
	CLEANUP(cleanup_free)
	struct row **judged = calloc(comparison->judged + 1, sizeof(struct row *));
	size_t count = 0;
	if (judged == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < comparison->row_count; i++) {
		struct row *row = &comparison->rows[i];
		if (row->judged) {
			judged[count++] = row;
			int r = row_rank(row, COMPARISON_ALPHA / (double)comparison->judged);
			if (r < 0) {
				return r;
			}
		}
	}
	qsort(judged, count, sizeof(struct row *), compare_by_p);
	for (size_t i = 0; i < count && judged[i]->p <= COMPARISON_ALPHA / (double)(count - i);
		i++) {
		/* What has changed has so in one direction: medians that are equal show none. */
		judged[i]->proven = judged[i]->change != 0;
	}
	return 0;
}

static void judge_pair(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->row_count; i++) {
		struct row *row = &comparison->rows[i];
		if (row->judged) {
			row_judge_pair(row, comparison->a.results[0], comparison->b.results[0],
				COMPARISON_ALPHA / (double)comparison->judged);
		}
	}
}

static bool is_beyond(const struct change_rule *rule, double change)
{
	switch (rule->relation) {
	case CHANGE_ABOVE:
		return change > rule->limit;
	case CHANGE_AT_LEAST:
		return change >= rule->limit;
	case CHANGE_BELOW:
		return change < rule->limit;
	case CHANGE_AT_MOST:
	case CHANGE_RELATIONS:
		break;
	}
	return change <= rule->limit;
}

static const char *why_not_judged(const struct row *row)
{
	/* Where no connection failed or was dropped on either side, there is nothing to change. */
	bool none =
		row->measure.kind == MEASURE_TIME && times_row(row->measure.times)->none != NULL;
	switch (row->doubt) {
	case ROW_UNKNOWN:
		return none ? NULL : "no run knows it";
	case ROW_ONE_SIDE:
		return "the runs of one side do not know it";
	case ROW_FEW_RUNS:
		return "so few runs cannot prove a change";
	case ROW_FEW_VALUES:
		return "it is of too few connections for one run a side";
	case ROW_ONE_RUN:
		return "one run a side cannot prove a change of it";
	case ROW_NO_DOUBT:
		break;
	}
	return NULL;
}

static void apply_rules(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->rules->count; i++) {
		const struct change_rule *rule = &comparison->rules->list[i];
		const struct row *row = &comparison->rows[rule->measure];
		comparison->outcomes[i] = (struct change_outcome){
			.crossed = row->proven && is_beyond(rule, row->change),
			.not_judged = why_not_judged(row),
		};
	}
}

/* Whether neither side was made as a whole before the other. */
static bool are_in_turns(const struct comparison_side *a, const struct comparison_side *b)
{
	const struct comparison_side *sides[] = {a, b};
	uint64_t first[2] = {UINT64_MAX, UINT64_MAX};
	uint64_t last[2] = {0, 0};
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < sides[i]->count; j++) {
			uint64_t at = sides[i]->results[j]->started_at_ns;
			first[i] = at < first[i] ? at : first[i];
			last[i] = at > last[i] ? at : last[i];
		}
	}
	return last[0] > first[1] && last[1] > first[0];
}

static int compare_sides(struct comparison *comparison)
{
	int r = make_rows(comparison);
	if (r < 0) {
		return r;
	}
	differences_find(&comparison->a, &comparison->b, &comparison->differences);
	comparison->in_turns = are_in_turns(&comparison->a, &comparison->b);
	choose_judged(comparison);
	if (comparison->pair) {
		judge_pair(comparison);
	} else {
		r = judge_runs(comparison);
	}
	apply_rules(comparison);
	return r;
}

int comparison_create(struct comparison **ret_comparison, const struct comparison_side *a,
	const struct comparison_side *b, const struct change_rules *rules, struct error *error)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	int r = -ENOMEM;
	if (comparison != NULL) {
		comparison->a = *a;
		comparison->b = *b;
		comparison->rules = rules;
		comparison->pair = a->count == 1 && b->count == 1;
		r = compare_sides(comparison);
	}
	if (r < 0) {
		comparison_destroy(comparison);
		return error_set(error, r, "out of memory for the comparison");
	}
	*ret_comparison = comparison;
	return 0;
}

void comparison_destroy(struct comparison *comparison)
{
	if (comparison == NULL) {
		return;
	}
	for (size_t i = 0; i < comparison->row_count; i++) {
		row_finish(&comparison->rows[i]);
	}
	free(comparison->rows);
	free(comparison);
}

enum exit_status comparison_status(const struct comparison *comparison)
{
	enum exit_status status = EXIT_STATUS_OK;
	for (size_t i = 0; i < comparison->rules->count; i++) {
		const struct change_outcome *outcome = &comparison->outcomes[i];
		enum exit_status own = outcome->crossed ? EXIT_STATUS_THRESHOLD
			: outcome->not_judged != NULL   ? EXIT_STATUS_FAILURES
							: EXIT_STATUS_OK;
		status = exit_status_outweighs(own, status) ? own : status;
	}
	return status;
}

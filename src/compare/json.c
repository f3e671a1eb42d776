/* SPDX-License-Identifier: MIT */
/*
 * As in report/json, a NULL where memory is short makes all that is built on it NULL, so the end is
 * the only place to look. What is not known, or not finite, is null.
 */
#include "tcpgoon/compare/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "compare/contents.h"
#include "tcpgoon/report/json_value.h"
#include "version.h"

#define REAL_DIGITS 15

struct told {
	const struct comparison *comparison;
};

static json_t *make_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *make_names(const struct comparison_side *side)
{
	json_t *list = json_array();
	for (size_t i = 0; i < side->count && list != NULL; i++) {
		list = json_value_append(list, json_value_text(side->names[i]));
	}
	return list;
}

static json_t *make_differences(const struct differences *differences)
{
	json_t *list = json_array();
	for (size_t i = 0; i < differences->count && list != NULL; i++) {
		const struct difference *difference = &differences->list[i];
		list = json_value_append(list,
			json_pack("{s:s, s:o, s:o}", "name", difference->name, "a",
				json_value_text(difference->a), "b",
				json_value_text(difference->b)));
	}
	return list;
}

static json_t *make_side(const struct row_side *side)
{
	json_t *values = json_array();
	for (size_t i = 0; i < side->known && values != NULL; i++) {
		values = json_value_append(values, make_real(side->values[i]));
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "median", make_real(side->middle), "low",
		make_real(side->low), "high", make_real(side->high), "values", values);
}

static json_t *make_row(const struct row *row)
{
	char name[MEASURE_NAME_MAX];
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:b}", "name",
		measure_name(&row->measure, name), "unit", measure_unit(&row->measure), "a",
		make_side(&row->a), "b", make_side(&row->b), "change", make_real(row->change),
		"judged", (int)row->judged, "p", make_real(row->p), "proven", (int)row->proven);
}

static json_t *make_rows(const struct comparison *comparison)
{
	json_t *list = json_array();
	for (size_t i = 0; i < comparison->row_count && list != NULL; i++) {
		if (comparison->rows[i].doubt != ROW_UNKNOWN) {
			list = json_value_append(list, make_row(&comparison->rows[i]));
		}
	}
	return list;
}

static json_t *make_thresholds(const struct comparison *comparison)
{
	json_t *list = json_array();
	for (size_t i = 0; i < comparison->rules->count && list != NULL; i++) {
		const struct change_rule *rule = &comparison->rules->list[i];
		const struct change_outcome *outcome = &comparison->outcomes[i];
		const struct row *row = &comparison->rows[rule->measure];
		list = json_value_append(list,
			json_pack("{s:s, s:b, s:o, s:b, s:o}", "expression", rule->text, "crossed",
				(int)outcome->crossed, "change", make_real(row->change), "proven",
				(int)row->proven, "not_judged",
				json_value_text(outcome->not_judged)));
	}
	return list;
}

static json_t *make_comparison(const struct comparison *comparison, enum exit_status status)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:o, s:o, s:s, s:b, s:i, s:o, s:o, s:i}",
		"schema", COMPARE_JSON_SCHEMA, "tool", "name", "tcpgoon", "version", VERSION_TEXT,
		"commit", VERSION_COMMIT, "a", make_names(&comparison->a), "b",
		make_names(&comparison->b), "differences",
		make_differences(&comparison->differences), "method",
		comparison->pair ? "pair" : "mann_whitney", "in_turns", (int)comparison->in_turns,
		"judged", (int)comparison->judged, "rows", make_rows(comparison), "thresholds",
		make_thresholds(comparison), "exit_status", (int)status);
}

static int json_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)result;
	const struct told *told = state;
	json_t *root = make_comparison(told->comparison, verdict->exit_status);
	if (root == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(root);
	return r != 0 || fputc('\n', out) == EOF || fflush(out) != 0 ? -EIO : 0;
}

const struct report_ops compare_json = {
	.name = "json",
	.extension = "json",
	.summary = "the comparison, for programs",
	.mode = REPORT_WHOLE,
	.state_size = sizeof(struct told),
	.end = json_end,
};

int compare_json_begin(struct report *report, const struct comparison *comparison)
{
	static const struct settings none = {0};
	int r = report_begin(report, NULL, &none);
	if (r == 0) {
		((struct told *)report->state)->comparison = comparison;
	}
	return r;
}

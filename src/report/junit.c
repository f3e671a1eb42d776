/* SPDX-License-Identifier: MIT */
/*
 * JUnit's XML has no standard. This is what Jenkins' schema allows, which GitLab and others read
 * too.
 *
 * Each threshold is a test case. So is the exit status, always: without thresholds it is all there
 * is to judge, and with them it may still be bad, as where the run did not take place. A CI that
 * sees only this file must never be green where the process was not.
 *
 * A threshold that could not be judged is an error and not "skipped", because a CI takes what is
 * skipped for good, and this program does not.
 */
#include "report/junit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <time.h>

#include "report/json_layout.h"
#include "report/target.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "version.h"

static const char *entity_of(char character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	}
	return NULL;
}

/* Controls and what is no UTF-8 are escaped before: XML cannot say them at all. */
static void print_escaped(FILE *out, const char *text)
{
	escape_write_replaced(out, text, entity_of);
}

/* ---- Cases ----------------------------------------------------------------------------------- */

enum outcome_kind {
	PASSED,
	FAILED,
	BROKEN, /* could not be tested */
};

static enum outcome_kind kind_of_threshold(const struct threshold_outcome *outcome)
{
	return outcome->not_judged[0] != '\0' ? BROKEN : outcome->crossed ? FAILED : PASSED;
}

/* What says nothing about the target is no failure of it. */
static enum outcome_kind kind_of_status(enum exit_status status)
{
	switch (status) {
	case EXIT_STATUS_OK:
		return PASSED;
	case EXIT_STATUS_FAILURES:
	case EXIT_STATUS_THRESHOLD:
		return FAILED;
	case EXIT_STATUS_INCOMPLETE:
	case EXIT_STATUS_LOCAL_LIMIT:
	case EXIT_STATUSES:
		break;
	}
	return BROKEN;
}

static unsigned count_cases(const struct verdict *verdict, enum outcome_kind kind)
{
	unsigned count = kind_of_status(verdict->exit_status) == kind;
	for (size_t i = 0; i < verdict->rules->count; i++) {
		count += kind_of_threshold(&verdict->outcomes[i]) == kind;
	}
	return count;
}

/* What the findings say, for whoever looks at a case that did not pass. */
static void print_findings(FILE *out, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		fprintf(out, "%s (%s): ", finding->name, cause_side_name(finding->side));
		print_escaped(out, finding->evidence);
		fputc(' ', out);
		print_escaped(out, finding->hint);
		fputc('\n', out);
	}
}

static void print_reasons(FILE *out, const struct result *result, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->reason_count; i++) {
		fputs(i > 0 ? " " : "", out);
		print_escaped(out, verdict->reasons[i]);
	}
	if (result->error.text[0] != '\0') {
		fputs(" The reason: ", out);
		print_escaped(out, result->error.text);
	}
}

static void print_threshold_message(FILE *out, const struct threshold_outcome *outcome)
{
	if (outcome->not_judged[0] != '\0') {
		fputs("not judged: ", out);
		print_escaped(out, outcome->not_judged);
	} else {
		fputs("it was ", out);
		print_escaped(out, outcome->actual);
		fputs(", and the limit is ", out);
		print_escaped(out, outcome->limit);
	}
}

static void print_threshold(FILE *out, const struct verdict *verdict, size_t index)
{
	const struct threshold_rule *rule = &verdict->rules->list[index];
	const struct threshold_outcome *outcome = &verdict->outcomes[index];
	enum outcome_kind kind = kind_of_threshold(outcome);
	const char *element = kind == FAILED ? "failure" : "error";
	fputs("    <testcase name=\"", out);
	print_escaped(out, rule->threshold.text);
	fprintf(out, "\" classname=\"tcpgoon.%s\"", rule->aborts ? "abort-if" : "fail-if");
	if (kind == PASSED) {
		fputs(">\n      <system-out>", out);
		print_threshold_message(out, outcome);
		fputs("</system-out>\n    </testcase>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s type=\"%s\" message=\"", element,
		kind == FAILED ? "crossed" : "not_judged");
	print_threshold_message(out, outcome);
	fputs("\">", out);
	print_findings(out, &verdict->findings);
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

/* Seconds, as JUnit has times. */
static void print_duration(FILE *out, uint64_t ns)
{
	fprintf(out, " time=\"%" PRIu64 ".%03u\"", ns / NSEC_PER_SEC,
		(unsigned)(ns % NSEC_PER_SEC / NSEC_PER_MSEC));
}

static void print_status(FILE *out, const struct result *result, const struct verdict *verdict)
{
	enum outcome_kind kind = kind_of_status(verdict->exit_status);
	const char *element = kind == FAILED ? "failure" : "error";
	fputs("    <testcase name=\"exit status\" classname=\"tcpgoon.run\"", out);
	print_duration(out, result->duration_ns);
	if (kind == PASSED) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s type=\"exit_status_%d\" message=\"", element,
		(int)verdict->exit_status);
	print_reasons(out, result, verdict);
	fputs("\">", out);
	print_findings(out, &verdict->findings);
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

/* ---- The run --------------------------------------------------------------------------------- */

static void print_text_property(FILE *out, const char *name, const char *value)
{
	fprintf(out, "      <property name=\"%s\" value=\"", name);
	print_escaped(out, value);
	fputs("\"/>\n", out);
}

static void print_property(FILE *out, const char *name, const json_t *value)
{
	size_t index;
	const json_t *item;
	switch (json_typeof(value)) {
	case JSON_STRING:
		print_text_property(out, name, json_string_value(value));
		break;
	case JSON_INTEGER:
		fprintf(out, "      <property name=\"%s\" value=\"%" JSON_INTEGER_FORMAT "\"/>\n",
			name, json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		print_text_property(out, name, json_is_true(value) ? "true" : "false");
		break;
	case JSON_ARRAY:
		json_array_foreach(value, index, item)
		{
			print_property(out, name, item);
		}
		break;
	case JSON_OBJECT:
	case JSON_REAL:
	case JSON_NULL:
		break; /* no setting, or one that was not given */
	}
}

/* The settings as the JSON has them; a list is one property an item. */
static int print_properties(FILE *out, const struct result *result)
{
	int r = 0;
	fputs("    <properties>\n", out);
	print_text_property(out, "tcpgoon", VERSION_TEXT);
	for (size_t i = 0; i < json_layout_settings.count; i++) {
		const struct json_field *field = &json_layout_settings.fields[i];
		json_t *value = json_field_make(field, result);
		if (value == NULL) {
			r = -ENOMEM;
		} else {
			print_property(out, field->name, value);
		}
		json_decref(value);
	}
	fputs("    </properties>\n", out);
	return r;
}

/* "2024-01-31T12:00:00", in UTC: the format has no place for a zone. */
static void print_timestamp(FILE *out, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	struct tm parts;
	char text[sizeof("2024-01-31T12:00:00") + 16];
	if (gmtime_r(&seconds, &parts) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) > 0) {
		fprintf(out, " timestamp=\"%s\"", text);
	}
}

static int print_suite(FILE *out, const struct result *result, const struct verdict *verdict)
{
	CLEANUP(cleanup_free) char *target = target_text(result);
	if (target == NULL) {
		return -ENOMEM;
	}
	fputs("  <testsuite name=\"tcpgoon ", out);
	print_escaped(out, target);
	fprintf(out, "\" tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"0\"",
		verdict->rules->count + 1, count_cases(verdict, FAILED),
		count_cases(verdict, BROKEN));
	print_duration(out, result->duration_ns);
	print_timestamp(out, result->started_at_ns);
	fputs(">\n", out);
	int r = print_properties(out, result);
	for (size_t i = 0; i < verdict->rules->count; i++) {
		print_threshold(out, verdict, i);
	}
	print_status(out, result, verdict);
	fputs("    <system-out>", out);
	print_reasons(out, result, verdict);
	fputc('\n', out);
	print_findings(out, &verdict->findings);
	fputs("</system-out>\n  </testsuite>\n", out);
	return r;
}

static int junit_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	int r = print_suite(out, result, verdict);
	if (r < 0) {
		return r;
	}
	fputs("</testsuites>\n", out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

const struct report_ops report_junit = {
	.name = "junit",
	.extension = "xml",
	.summary = "JUnit's XML for a CI: each threshold and the exit status as a test case",
	.mode = REPORT_WHOLE,
	.end = junit_end,
};

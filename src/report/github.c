/* SPDX-License-Identifier: MIT */
/*
 * An annotation is a line that begins with "::", on the standard output or the standard error of a
 * step: the runner reads both. Its data have "%" and the ends of lines as %25, %0D and %0A; a
 * property has ":" and "," as %3A and %2C too.
 */
#include "tcpgoon/report/github.h"

#include "tcpgoon/base/escape.h"

static const char *escape_of(char character)
{
	return character == '%'     ? "%25"
		: character == '\r' ? "%0D"
		: character == '\n' ? "%0A"
				    : NULL;
}

static const char *escape_of_property(char character)
{
	return character == ':' ? "%3A" : character == ',' ? "%2C" : escape_of(character);
}

static void print_data(FILE *out, const char *text)
{
	escape_write_replaced(out, text, escape_of);
}

/* "::error title=TITLE::"; the data follow. */
static void begin(FILE *out, const char *level, const char *title)
{
	fprintf(out, "::%s title=", level);
	escape_write_replaced(out, title, escape_of_property);
	fputs("::", out);
}

/* A run that did not begin has no reasons besides its error. */
static void print_status(FILE *out, const struct result *result, const struct verdict *verdict)
{
	char title[64];
	snprintf(title, sizeof(title), "tcpgoon: exit status %d", (int)verdict->exit_status);
	begin(out, "error", title);
	for (size_t i = 0; i < verdict->reason_count; i++) {
		fputs(i > 0 ? " " : "", out);
		print_data(out, verdict->reasons[i]);
	}
	if (result != NULL && result->error.text[0] != '\0') {
		fputs(verdict->reason_count > 0 ? " " : "", out);
		print_data(out, result->error.text);
	}
	fputc('\n', out);
}

static void print_threshold(
	FILE *out, const struct threshold_rule *rule, const struct threshold_outcome *outcome)
{
	begin(out, "error", rule->threshold.text);
	if (outcome->not_judged[0] != '\0') {
		fputs("This threshold was not judged: ", out);
		print_data(out, outcome->not_judged);
	} else {
		fputs("This threshold was crossed: ", out);
		print_data(out, outcome->actual);
	}
	fputs(".\n", out);
}

static void print_finding(FILE *out, const struct finding *finding)
{
	begin(out, "warning", finding->name);
	print_data(out, finding->evidence);
	fputc(' ', out);
	print_data(out, finding->hint);
	fputc('\n', out);
}

void github_annotations_write(FILE *out, const struct result *result, const struct verdict *verdict)
{
	int count = 0;
	if (verdict->exit_status != EXIT_STATUS_OK) {
		print_status(out, result, verdict);
		count++;
	}
	for (size_t i = 0; i < verdict->rules->count && count < GITHUB_ANNOTATIONS_MAX; i++) {
		const struct threshold_outcome *outcome = &verdict->outcomes[i];
		if (outcome->crossed || outcome->not_judged[0] != '\0') {
			print_threshold(out, &verdict->rules->list[i], outcome);
			count++;
		}
	}
	const struct findings *findings = &verdict->findings;
	for (size_t i = 0; i < findings->count && count < GITHUB_ANNOTATIONS_MAX; i++) {
		print_finding(out, &findings->list[i]);
		count++;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * All results are read and judged before a report is opened, so a report may take the place of the
 * file that it is made of, and where one result cannot be read, all reports stay as they were.
 */
#include <errno.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/outcome.h"
#include "cli/stored.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/report/formats.h"
#include "tcpgoon/verdict/verdict.h"

#define FIELD(name) OPTION_FIELD(struct settings, name)

static const struct option_row rows[] = {
	{OPT_TEXTS("output", 'o', FIELD(outputs), "FORMAT=PATH",
		 "Write a report to a file, as 'tcpgoon run' does, and no text; - is standard "
		 "output; may be repeated"),
		.group = GROUP_OUTPUT, .format_at = report_format_name_at},
	{OPT_FLAG("github", 0, FIELD(github),
		 "In a step of GitHub Actions: add a summary to the file that GITHUB_STEP_SUMMARY "
		 "names, and print annotations"),
		.group = GROUP_OUTPUT},
	{OPT_TEXTS("fail-if", 0, FIELD(fail_if), "EXPRESSION",
		 "Judge by this, in place of the thresholds that the run was judged by; may be "
		 "repeated"),
		.group = GROUP_JUDGING},
};

/* A stored result with all that is made of it. */
struct item {
	struct result result;
	bool read;
	char *name; /* owned: as it can be shown */
	struct threshold_rules rules;
	struct verdict verdict;
};

/* What the command works on. */
struct collection {
	struct item *items; /* owned */
	struct report_part *parts; /* owned; part i is of item i */
	size_t count;
	struct verdict verdict; /* on all */
};

static void collection_finish(struct collection *collection)
{
	for (size_t i = 0; collection->items != NULL && i < collection->count; i++) {
		if (collection->items[i].read) {
			result_finish(&collection->items[i].result);
		}
		free(collection->items[i].name);
	}
	free(collection->items);
	free(collection->parts);
}

static int read_item(
	struct item *item, const char *path, const struct text_list *fail_if, struct error *error)
{
	int r = stored_read(path, &item->result, error);
	if (r < 0) {
		return r;
	}
	item->read = true;
	item->name = escape_to_utf8(path);
	if (item->name == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the results");
	}
	r = stored_judge(&item->result, fail_if, &item->rules, &item->verdict, error);
	if (r < 0) {
		error_prefix(error, "'%.300s'", path);
	}
	return r;
}

/* The verdict on one is that on the whole. */
static int unite(struct collection *collection, struct error *error)
{
	if (collection->count == 1) {
		collection->verdict = collection->items[0].verdict;
		return 0;
	}
	CLEANUP(cleanup_free)
	const char **names = calloc(collection->count, sizeof(*names));
	CLEANUP(cleanup_free)
	const struct verdict **verdicts = calloc(collection->count, sizeof(*verdicts));
	if (names == NULL || verdicts == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the results");
	}
	for (size_t i = 0; i < collection->count; i++) {
		names[i] = collection->parts[i].name;
		verdicts[i] = collection->parts[i].verdict;
	}
	verdict_unite(names, verdicts, collection->count, &collection->verdict);
	return 0;
}

static int collect(struct collection *collection, const struct arguments *arguments,
	const struct text_list *fail_if, struct error *error)
{
	collection->count = (size_t)arguments->count;
	collection->items = calloc(collection->count, sizeof(*collection->items));
	collection->parts = calloc(collection->count, sizeof(*collection->parts));
	if (collection->items == NULL || collection->parts == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the results");
	}
	for (size_t i = 0; i < collection->count; i++) {
		struct item *item = &collection->items[i];
		int r = read_item(item, arguments->list[i], fail_if, error);
		if (r < 0) {
			return r;
		}
		collection->parts[i] =
			(struct report_part){item->name, &item->result, &item->verdict};
	}
	return unite(collection, error);
}

/* Without -o, the text; else what was asked for and nothing besides. */
static int tell(
	struct outcome *outcome, struct collection *collection, const struct settings *settings)
{
	const struct result *result = collection->parts[0].result;
	return settings->outputs.count == 0
		? outcome_tell(outcome, result, &collection->verdict, NULL)
		: outcome_tell_reports(outcome, result, &collection->verdict);
}

static int write_reports(struct collection *collection, const struct settings *settings)
{
	struct error error = ERROR_INIT;
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	if (outcome == NULL) {
		error_set(&error, -ENOMEM, "out of memory for the reports");
		return command_fail(&error);
	}
	int r = outcome_init(outcome, settings, &error);
	if (r == 0) {
		r = outcome_take_stored(outcome, collection->parts, collection->count, &error);
	}
	int status;
	if (r == 0) {
		status = tell(outcome, collection, settings);
	} else {
		status = r == -EINVAL ? command_refuse_usage(&command_report, &error)
				      : command_fail(&error);
	}
	outcome_finish(outcome);
	free(outcome);
	return status;
}

/* Of these two the usage is wrong, and nothing has been read. */
static int check_usage(
	const struct arguments *arguments, const struct settings *settings, struct error *error)
{
	if (arguments->count == 0) {
		return error_set(error, -EINVAL,
			"report needs a result that -o json= has written, as in 'tcpgoon report "
			"result.json'");
	}
	struct threshold_rules rules;
	const struct text_list none = {.count = 0};
	return threshold_rules_read(&rules, &settings->fail_if, &none, error);
}

static int execute(struct command_line *line)
{
	struct settings settings = {0};
	struct error error = ERROR_INIT;
	struct arguments arguments;
	int status;
	if (!command_read(&command_report, line, &settings, &arguments, &status)) {
		return status;
	}
	if (check_usage(&arguments, &settings, &error) < 0) {
		return command_refuse_usage(&command_report, &error);
	}
	struct collection *collection = calloc(1, sizeof(*collection));
	if (collection == NULL) {
		error_set(&error, -ENOMEM, "out of memory for the results");
		return command_fail(&error);
	}
	status = collect(collection, &arguments, &settings.fail_if, &error) < 0
		? command_fail(&error)
		: write_reports(collection, &settings);
	collection_finish(collection);
	free(collection);
	return status;
}

const struct command command_report = {
	.name = "report",
	.arguments = "<result.json>...",
	.takes_files = true,
	.summary = "Report a stored result again, in any format, and judge it anew",
	.description =
		"Reads results that 'tcpgoon run -o json=PATH' has written (- is the standard\n"
		"input) and reports them as the run would have done. Without -o it prints the\n"
		"text. The exit status is that of the verdict, by the thresholds of the run or by\n"
		"those given here; of several results, the one that outweighs the others.\n",
	.options = {.own = rows, .own_count = sizeof(rows) / sizeof(rows[0])},
	.execute = execute,
};

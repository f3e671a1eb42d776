/* SPDX-License-Identifier: MIT */
/*
 * "--" parts the two sides, so it cannot end the options, as it does for other commands: they may
 * stand on both sides of it. What is before it is parsed once for its number of files, into
 * settings that are thrown away, and then all of it without the "--".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/stored.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/compare/change.h"
#include "tcpgoon/compare/comparison.h"
#include "tcpgoon/compare/json.h"
#include "tcpgoon/compare/table.h"
#include "tcpgoon/report/output.h"

/* What the options set. */
struct compare_settings {
	const char *output;
	struct text_list fail_if;
};

#define FIELD(name) OPTION_FIELD(struct compare_settings, name)

static const struct report_ops *const formats[] = {&compare_json, NULL};

static const char *format_name_at(size_t index)
{
	return index == 0 ? compare_json.name : NULL;
}

static const struct option_row rows[] = {
	{OPT_TEXTS("fail-if", 0, FIELD(fail_if), "EXPRESSION",
		 "Exit with status 3 if this change of B against A is proven, as in "
		 "'connect.p99>+10%'; may be repeated; then only what is named here is judged"),
		.group = GROUP_JUDGING},
	{OPT_TEXT("output", 'o', FIELD(output), "FORMAT=PATH",
		 "Write the comparison for programs; - is standard output, and the table goes to "
		 "standard error then"),
		.group = GROUP_OUTPUT, .format_at = format_name_at},
};

/* The results of both sides: first those of A. */
struct collection {
	struct result *results; /* owned */
	const struct result **pointers; /* owned */
	size_t count;
	size_t read; /* the first ones */
};

static void collection_finish(struct collection *collection)
{
	for (size_t i = 0; i < collection->read; i++) {
		result_finish(&collection->results[i]);
	}
	free(collection->results);
	free(collection->pointers);
}

static int read_one(struct collection *collection, const char *path, struct error *error)
{
	struct result *result = &collection->results[collection->read];
	int r = stored_read(path, result, error);
	if (r < 0) {
		return r;
	}
	collection->pointers[collection->read++] = result;
	if (result->end == RESULT_NOT_STARTED) {
		return error_set(error, -ENODATA,
			"'%.300s': nothing was dialled in this run, so there is nothing to compare",
			path);
	}
	return 0;
}

static int collect(
	struct collection *collection, const struct arguments *arguments, struct error *error)
{
	collection->count = (size_t)arguments->count;
	collection->results = calloc(collection->count, sizeof(*collection->results));
	collection->pointers = calloc(collection->count, sizeof(struct result *));
	if (collection->results == NULL || collection->pointers == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the results");
	}
	int r = 0;
	for (size_t i = 0; i < collection->count && r == 0; i++) {
		r = read_one(collection, arguments->list[i], error);
	}
	return r;
}

/* Takes the first "--" out of argv. Returns how many there are before it, `argc` where none is. */
static int take_divider(int argc, char **argv)
{
	int place = 0;
	while (place < argc && strcmp(argv[place], "--") != 0) {
		place++;
	}
	if (place < argc) {
		memmove(argv + place, argv + place + 1, (size_t)(argc - place - 1) * sizeof(*argv));
	}
	return place;
}

/* How many files there are among the first `argc`, which are not changed; 0 where one is wrong. */
static int count_files(int argc, char *const *argv)
{
	struct compare_settings settings = {0};
	struct arguments arguments = {0};
	CLEANUP(origins_finish) struct origins origins = {0};
	CLEANUP(cleanup_free) char **copy = calloc((size_t)argc + 1, sizeof(char *));
	if (copy == NULL) {
		return 0;
	}
	for (int i = 0; i < argc; i++) {
		copy[i] = argv[i];
	}
	int r = options_parse(
		&command_compare.options, argc, copy, &settings, &origins, &arguments, NULL);
	return r < 0 ? 0 : arguments.count;
}

/* Without a divider there is one file of each side. Returns 0 or -EINVAL with a message. */
static int check_sides(int total, bool divided, int *a_count, struct error *error)
{
	if (!divided && total == 2) {
		*a_count = 1;
	}
	if ((!divided && total != 2) || *a_count == 0 || *a_count == total) {
		return error_set(error, -EINVAL,
			"compare needs results of two sides, as in 'tcpgoon compare a.json b.json' "
			"or 'tcpgoon compare a1.json a2.json -- b1.json b2.json'");
	}
	return 0;
}

static int write_output(struct output *output, const struct comparison *comparison,
	enum exit_status status, struct error *error)
{
	CLEANUP(cleanup_free) struct verdict *verdict = calloc(1, sizeof(*verdict));
	if (verdict == NULL || compare_json_begin(&output->report, comparison) < 0) {
		return error_set(error, -ENOMEM, "out of memory for the report");
	}
	verdict->exit_status = status;
	int r = output_is_unconnected(output) ? output_connect(output, true, error) : 0;
	return r < 0 ? r : output_write(output, NULL, verdict, error);
}

/* The report that was complete before the table failed gets the status of that, or goes. */
static void correct(struct output *output, const struct comparison *comparison)
{
	struct error error = ERROR_INIT;
	if (output->kind != OUTPUT_STREAM &&
		write_output(output, comparison, EXIT_STATUS_INCOMPLETE, &error) < 0 &&
		output_withdraw(output) < 0) {
		error_prefix(&error, "--output: a wrong exit status stays in it");
		command_fail(&error);
	}
}

/* What is for programs first: the last line of the table tells whether it could be written. */
static int tell(struct output *output, const struct comparison *comparison, struct error *error)
{
	bool given = output->name != NULL;
	FILE *out = output->claim == OUTPUT_CLAIMS_STDOUT ? stderr : stdout;
	enum exit_status status = comparison_status(comparison);
	int r = given ? write_output(output, comparison, status, error) : 0;
	if (r < 0) {
		status = EXIT_STATUS_INCOMPLETE;
		command_fail(error);
	}
	table_print(out, comparison, status);
	/* main says that it failed, and makes the status 1. */
	if ((fflush(out) != 0 || ferror(out)) && given && r == 0) {
		correct(output, comparison);
	}
	return (int)status;
}

static int compare(const struct arguments *arguments, size_t a_count,
	const struct change_rules *rules, struct output *output, struct error *error)
{
	CLEANUP(collection_finish) struct collection collection = {0};
	struct comparison *comparison = NULL;
	int r = collect(&collection, arguments, error);
	if (r == 0) {
		const char *const *names = (const char *const *)arguments->list;
		r = comparison_create(&comparison,
			&(struct comparison_side){names, collection.pointers, a_count},
			&(struct comparison_side){names + a_count, collection.pointers + a_count,
				collection.count - a_count},
			rules, error);
	}
	int status = r < 0 ? command_fail(error) : tell(output, comparison, error);
	comparison_destroy(comparison);
	return status;
}

static int execute(struct command_line *line)
{
	struct compare_settings settings = {0};
	struct change_rules rules;
	struct error error = ERROR_INIT;
	struct arguments arguments;
	int status;
	int before = take_divider(line->argc, line->argv);
	bool divided = before < line->argc;
	int a_count = divided ? count_files(before, line->argv) : 0;
	line->argc -= divided;
	if (!command_read(&command_compare, line, &settings, &arguments, &status)) {
		return status;
	}
	CLEANUP(output_finish) struct output output = OUTPUT_INIT;
	int r = check_sides(arguments.count, divided, &a_count, &error);
	if (r == 0) {
		r = change_rules_read(&rules, &settings.fail_if, &error);
	}
	if (r == 0 && settings.output != NULL) {
		r = output_open(&output, settings.output, formats, stdout, &error);
		if (r < 0) {
			error_prefix(&error, "--output");
		}
	}
	if (r < 0) {
		return r == -EINVAL ? command_refuse_usage(&command_compare, &error)
				    : command_fail(&error);
	}
	return compare(&arguments, (size_t)a_count, &rules, &output, &error);
}

static const struct help_example examples[] = {
	{"tcpgoon compare before.json after.json", "One run each: shows gross changes only"},
	{"tcpgoon compare a*.json -- b*.json --fail-if 'connect.p99>+10%'",
		"Several runs each: exit status 3 if the p99 grew by more than 10%"},
	{NULL, NULL},
};

const struct command command_compare = {
	.name = "compare",
	.arguments = "<a.json>... -- <b.json>...",
	.takes_files = true,
	.summary = "Compare stored results, and tell changes from noise",
	.description =
		"Compares results of 'tcpgoon run -o json=PATH', side by side: with several runs a\n"
		"side, the medians, their intervals, and which changes are more than chance; with\n"
		"one run a side (then without the --) only gross changes can be told from the\n"
		"spread of runs. Where nothing has changed, at most 5 of 100 comparisons show a\n"
		"change. The exit status is 3 if a threshold of --fail-if is crossed, 2 if one could\n"
		"not be judged, otherwise 0.\n",
	.examples = examples,
	.options = {.own = rows, .own_count = sizeof(rows) / sizeof(rows[0])},
	.execute = execute,
};

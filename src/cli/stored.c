/* SPDX-License-Identifier: MIT */
/*
 * A file is read to its end and not mapped: it may be a pipe, and it may be cut short while it is
 * read. Its size is bounded, so that the wrong file (a capture, a disk) is refused before it takes
 * the memory.
 *
 * The thresholds of a stored result are members of its settings. Others take their place there: so
 * a JSON report made of it says by what it was judged, and is judged alike when it is read again.
 */
#include "cli/stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/report/json_read.h"

static FILE *open_stored(const char *path)
{
	return strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
}

static void close_stored(FILE *const *file)
{
	if (*file != NULL && *file != stdin) {
		fclose(*file);
	}
}

/* Copies what can be read into memory. Returns 0 or a negative errno with a message. */
static int copy_all(FILE *from, FILE *into, struct error *error)
{
	char piece[16384];
	uint64_t length = 0;
	size_t count;
	while ((count = fread(piece, 1, sizeof(piece), from)) > 0) {
		length += count;
		if (length > STORED_SIZE_MAX) {
			return error_set(error, -EFBIG,
				"it is larger than 16 MiB, so it is no JSON report of tcpgoon");
		}
		if (fwrite(piece, 1, count, into) != count) {
			return error_set(error, -ENOMEM, "out of memory for the file");
		}
	}
	if (ferror(from)) {
		int code = errno;
		return error_set(error, -code, "%s", strerror(code));
	}
	return length > 0
		? 0
		: error_set(error, -EINVAL, "it is empty: expected a report of -o json=PATH");
}

static int read_text(const char *path, char **ret_text, size_t *ret_length, struct error *error)
{
	CLEANUP(close_stored) FILE *file = open_stored(path);
	if (file == NULL) {
		int code = errno;
		return error_set(error, -code, "%s", strerror(code));
	}
	FILE *memory = open_memstream(ret_text, ret_length);
	if (memory == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the file");
	}
	int r = copy_all(file, memory, error);
	if (fclose(memory) != 0 && r == 0) {
		r = error_set(error, -ENOMEM, "out of memory for the file");
	}
	return r;
}

int stored_read(const char *path, struct result *ret_result, struct error *error)
{
	CLEANUP(cleanup_free) char *text = NULL;
	size_t length = 0;
	int r = read_text(path, &text, &length, error);
	if (r == 0) {
		r = json_read(text, length, ret_result, error);
	}
	if (r < 0) {
		error_prefix(error, "'%.300s'", path);
	}
	return r;
}

static int replace_thresholds(
	struct result *result, const struct text_list *fail_if, struct error *error)
{
	struct result_settings *settings = &result->settings;
	text_list_free_copies(&settings->fail_if);
	text_list_free_copies(&settings->abort_if);
	for (size_t i = 0; i < fail_if->count; i++) {
		int r = text_list_add_copy(&settings->fail_if, fail_if->items[i]);
		if (r < 0) {
			return error_set(error, r, "out of memory for the thresholds");
		}
	}
	return 0;
}

/* As the run did. A threshold that is wrong may be why it did not start, so none is read. */
static void decline(
	const struct result *result, struct threshold_rules *ret_rules, struct verdict *ret_verdict)
{
	ret_rules->count = 0;
	verdict_decline(result->local_limit ? EXIT_STATUS_LOCAL_LIMIT : EXIT_STATUS_INCOMPLETE,
		ret_rules, ret_verdict);
}

int stored_judge(struct result *result, const struct text_list *fail_if,
	struct threshold_rules *ret_rules, struct verdict *ret_verdict, struct error *error)
{
	int r = fail_if->count > 0 ? replace_thresholds(result, fail_if, error) : 0;
	if (r == 0 && result->end == RESULT_NOT_STARTED) {
		decline(result, ret_rules, ret_verdict);
		return 0;
	}
	if (r == 0) {
		r = threshold_rules_read(
			ret_rules, &result->settings.fail_if, &result->settings.abort_if, error);
	}
	if (r == 0) {
		verdict_judge(result, ret_rules, ret_verdict);
	}
	return r;
}

/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/report/output.h"

/* Writes the host's name; fails half way where there is none. Says the status where it is not 0. */
static int plain_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	fputs("report of ", out);
	const char *host = result->settings.host;
	if (host == NULL) {
		return -EIO;
	}
	fprintf(out, "%s\n", host);
	if (verdict->exit_status != EXIT_STATUS_OK) {
		fprintf(out, "status %d\n", (int)verdict->exit_status);
	}
	return fflush(out) == 0 ? 0 : -EIO;
}

static const struct report_ops plain = {.name = "plain", .extension = "txt", .end = plain_end};
static const struct report_ops other = {.name = "other", .extension = "txt", .end = plain_end};
static const struct report_ops lines = {
	.name = "lines", .extension = "txt", .mode = REPORT_STREAM, .end = plain_end};

static unsigned rendered; /* how often the following was */

/* The same whatever the status is. */
static int counting_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)result;
	(void)verdict;
	fprintf(out, "a report\n");
	rendered++;
	return fflush(out) == 0 ? 0 : -EIO;
}

static const struct report_ops counting = {
	.name = "counting", .extension = "txt", .end = counting_end, .ignores_verdict = true};
static const struct report_ops *const formats[] = {&plain, &other, &lines, &counting, NULL};

struct fixture {
	char directory[64];
	char path[96]; /* in it; not there yet */
	char text[128]; /* "plain=PATH" */
	char host[16];
	struct result result;
	struct verdict verdict; /* which these formats do not show */
	struct error error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/tcpgoon-output-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/result", fixture->directory);
	snprintf(fixture->text, sizeof(fixture->text), "plain=%s", fixture->path);
	strcpy(fixture->host, "example");
	fixture->result.settings.host = fixture->host;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char path[96 + 256];
	DIR *directory = opendir(fixture->directory);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", fixture->directory, entry->d_name);
			assert_int_equal(remove(path), 0);
		}
	}
	closedir(directory);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

static size_t files_in(const char *path)
{
	size_t count = 0;
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		count += entry->d_name[0] != '.';
	}
	closedir(directory);
	return count;
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *expected)
{
	char text[128] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static int open_output(struct fixture *fixture, const char *text, struct output *output)
{
	*output = (struct output)OUTPUT_INIT;
	return output_open(output, text, formats, stdout, &fixture->error);
}

static void a_new_file_appears_when_it_is_complete(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_ptr_equal(output.report.ops, &plain);
	assert_int_equal(access(fixture->path, F_OK), -1);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_file(fixture->path, "report of example\n");
	output_finish(&output);
	assert_file(fixture->path, "report of example\n");
	assert_int_equal(files_in(fixture->directory), 1);
}

static void what_was_there_stays_until_then_and_keeps_its_mode(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	assert_int_equal(chmod(fixture->path, 0604), 0);
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_file(fixture->path, "old");
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	assert_file(fixture->path, "report of example\n");
	struct stat status;
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0604);
	assert_int_equal(files_in(fixture->directory), 1);
}

static void without_a_write_nothing_changes(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	output_finish(&output);
	assert_file(fixture->path, "old");
	assert_int_equal(files_in(fixture->directory), 1);
	output_finish(&output); /* twice does no harm */
}

static void half_a_report_is_none(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	fixture->result.settings.host = NULL;
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), -EIO);
	assert_non_null(strstr(fixture->error.text, fixture->path));
	output_finish(&output);
	assert_file(fixture->path, "old");
	assert_int_equal(files_in(fixture->directory), 1);
}

static void a_link_stays_a_link(void **state)
{
	struct fixture *fixture = *state;
	char target[160];
	snprintf(target, sizeof(target), "%s/target", fixture->directory);
	put_file(target, "old");
	assert_int_equal(symlink("target", fixture->path), 0);
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	struct stat status;
	assert_int_equal(lstat(fixture->path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_file(target, "report of example\n");
}

/* Nothing that a killed program could leave behind. */
static void until_it_is_written_there_is_no_file(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_begin(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_int_equal(files_in(fixture->directory), 0);
	output_finish(&output);
}

static void a_dangling_link_gets_its_target(void **state)
{
	struct fixture *fixture = *state;
	char target[160];
	snprintf(target, sizeof(target), "%s/target", fixture->directory);
	assert_int_equal(symlink("target", fixture->path), 0);
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	struct stat status;
	assert_int_equal(lstat(fixture->path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_file(target, "report of example\n");
}

/* Two spellings of one file, whether it is there or not. */
static void one_place_is_known_by_any_spelling(void **state)
{
	struct fixture *fixture = *state;
	char link_path[96];
	char by_link[128];
	char dotted[160];
	char elsewhere[128];
	snprintf(link_path, sizeof(link_path), "%s/link", fixture->directory);
	snprintf(by_link, sizeof(by_link), "plain=%s", link_path);
	snprintf(dotted, sizeof(dotted), "plain=%s/./../%s/result", fixture->directory,
		fixture->directory + strlen("/tmp/"));
	snprintf(elsewhere, sizeof(elsewhere), "plain=%s/other", fixture->directory);
	assert_int_equal(symlink("result", link_path), 0);
	for (int there = 0; there < 2; there++) {
		if (there) {
			put_file(fixture->path, "old");
		}
		const struct {
			const char *text;
			bool same;
		} cases[] = {
			{fixture->text, true},
			{dotted, true},
			{by_link, true},
			{elsewhere, false},
		};
		struct output first;
		assert_int_equal(open_output(fixture, fixture->text, &first), 0);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct output second;
			assert_int_equal(open_output(fixture, cases[i].text, &second), 0);
			assert_int_equal(output_is_same(&first, &second), cases[i].same);
			output_finish(&second);
		}
		output_finish(&first);
	}
}

static void a_hard_link_is_the_same_place(void **state)
{
	struct fixture *fixture = *state;
	char path[96];
	char text[128];
	snprintf(path, sizeof(path), "%s/second", fixture->directory);
	snprintf(text, sizeof(text), "plain=%s", path);
	put_file(fixture->path, "old");
	assert_int_equal(link(fixture->path, path), 0);
	struct output first;
	struct output second;
	assert_int_equal(open_output(fixture, fixture->text, &first), 0);
	assert_int_equal(open_output(fixture, text, &second), 0);
	assert_true(output_is_same(&first, &second));
	/* Only the name is replaced: the other name may be another program's. */
	assert_int_equal(
		output_write(&first, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_file(path, "old");
	output_finish(&first);
	output_finish(&second);
}

static void devices_do_not_mix(void **state)
{
	struct fixture *fixture = *state;
	struct output first;
	struct output second;
	assert_int_equal(open_output(fixture, "plain=/dev/null", &first), 0);
	assert_int_equal(open_output(fixture, "other=/dev/null", &second), 0);
	assert_false(output_is_same(&first, &second));
	output_finish(&first);
	output_finish(&second);
}

/* By its path, by a descriptor's, and through a link: the same as "-". */
static void the_file_that_stdout_is_counts_as_a_dash(void **state)
{
	struct fixture *fixture = *state;
	char by_descriptor[64];
	for (int i = 0; i < 2; i++) {
		put_file(fixture->path, "yesterday\n");
		FILE *standard = fopen(fixture->path, "a");
		assert_non_null(standard);
		snprintf(
			by_descriptor, sizeof(by_descriptor), "plain=/dev/fd/%d", fileno(standard));
		struct output output = OUTPUT_INIT;
		assert_int_equal(output_open(&output, i == 0 ? fixture->text : by_descriptor,
					 formats, standard, &fixture->error),
			0);
		assert_int_equal(output.claim, OUTPUT_CLAIMS_STDOUT);
		assert_int_equal(
			output_write(&output, &fixture->result, &fixture->verdict, &fixture->error),
			0);
		output_finish(&output);
		assert_int_equal(fclose(standard), 0);
		assert_file(fixture->path, "yesterday\nreport of example\n");
	}
}

static void a_descriptor_for_reading_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char text[64];
	put_file(fixture->path, "old");
	FILE *file = fopen(fixture->path, "r");
	assert_non_null(file);
	snprintf(text, sizeof(text), "plain=/dev/fd/%d", fileno(file));
	struct output output;
	assert_int_equal(open_output(fixture, text, &output), -EBADF);
	assert_non_null(strstr(fixture->error.text, "reading only"));
	fclose(file);
}

/* A stream is sent no status before it is known that it can be written. */
static void what_any_verdict_shares_is_sent_first(void **state)
{
	struct fixture *fixture = *state;
	FILE *standard = fopen(fixture->path, "w+");
	assert_non_null(standard);
	struct output output = OUTPUT_INIT;
	assert_int_equal(output_open(&output, "plain=-", formats, standard, &fixture->error), 0);
	assert_int_equal(
		output_begin(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_file(fixture->path, "report of example\n");
	verdict_fail(&fixture->verdict, "A later failure.");
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	fclose(standard);
	assert_file(fixture->path, "report of example\nstatus 1\n");
}

static void a_file_is_written_again_or_withdrawn(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_int_equal(output.told_status, 0);
	verdict_fail(&fixture->verdict, "A later failure.");
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_int_equal(output.told_status, 1);
	assert_file(fixture->path, "report of example\nstatus 1\n");
	assert_int_equal(output_withdraw(&output), 0);
	assert_int_equal(files_in(fixture->directory), 0);
	output_finish(&output);
}

static void what_was_not_written_is_not_withdrawn(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(output_withdraw(&output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	/* Another program's by now. */
	assert_int_equal(unlink(fixture->path), 0);
	put_file(fixture->path, "new");
	assert_int_equal(output_withdraw(&output), 0);
	assert_file(fixture->path, "new");
	output_finish(&output);
}

/* The kernel's names are as long as 255 bytes, and nothing is added to them. */
static void the_longest_name_can_be_written(void **state)
{
	struct fixture *fixture = *state;
	char text[64 + 300];
	int length = snprintf(text, sizeof(text), "plain=%s/", fixture->directory);
	memset(text + length, 'n', 255);
	text[length + 255] = '\0';
	struct output output;
	assert_int_equal(open_output(fixture, text, &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	assert_int_equal(files_in(fixture->directory), 1);
}

static void devices_are_written_in_place(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, "other=/dev/null", &output), 0);
	assert_ptr_equal(output.report.ops, &other);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	struct stat status;
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, "plain=/dev/full", &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error),
		-ENOSPC);
	assert_string_equal(
		fixture->error.text, "'/dev/full' cannot be written: No space left on device");
	output_finish(&output);
}

static void a_dash_is_the_standard_output_and_leaves_it_open(void **state)
{
	struct fixture *fixture = *state;
	FILE *standard = fopen(fixture->path, "w+");
	assert_non_null(standard);
	struct output output = OUTPUT_INIT;
	assert_int_equal(output_open(&output, "plain=-", formats, standard, &fixture->error), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	assert_true(fputs("more\n", standard) >= 0);
	assert_int_equal(fclose(standard), 0);
	assert_file(fixture->path, "report of example\nmore\n");
}

/* There is no taking back what a pipe or a terminal was given. */
static void half_a_report_is_not_begun_in_place(void **state)
{
	struct fixture *fixture = *state;
	FILE *standard = fopen(fixture->path, "w+");
	assert_non_null(standard);
	struct output output = OUTPUT_INIT;
	assert_int_equal(output_open(&output, "plain=-", formats, standard, &fixture->error), 0);
	fixture->result.settings.host = NULL;
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), -EIO);
	output_finish(&output);
	assert_int_equal(fclose(standard), 0);
	assert_file(fixture->path, "");
}

static void what_cannot_be_written_is_refused_before(void **state)
{
	struct fixture *fixture = *state;
	char missing[160];
	snprintf(missing, sizeof(missing), "plain=%s/no/such", fixture->directory);
	char directory[160];
	snprintf(directory, sizeof(directory), "plain=%s", fixture->directory);
	put_file(fixture->path, "old");
	char below[160];
	snprintf(below, sizeof(below), "plain=%s/below", fixture->path);
	const struct {
		const char *text;
		int code;
		const char *says;
	} cases[] = {
		{missing, -ENOENT, "no/such"},
		{directory, -EISDIR, fixture->directory},
		{below, -ENOTDIR, "below"},
		{"plain", -EINVAL, "FORMAT=PATH"},
		{"plain=", -EINVAL, "FORMAT=PATH"},
		{"", -EINVAL, "FORMAT=PATH"},
		{"=x", -EINVAL, "plain, other"},
		{"plai=x", -EINVAL, "plain, other"},
		{"plainer=x", -EINVAL, "'plainer'"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct output output;
		assert_int_equal(open_output(fixture, cases[i].text, &output), cases[i].code);
		assert_non_null(strstr(fixture->error.text, cases[i].says));
		assert_int_equal(output.fd, -1);
	}
	assert_int_equal(files_in(fixture->directory), 1);
	assert_file(fixture->path, "old");
}

/* Permissions say nothing to root: then there is nothing to see. */
static void a_file_that_is_not_ours_to_write_is_refused(void **state)
{
	struct fixture *fixture = *state;
	if (geteuid() == 0) {
		skip();
	}
	put_file(fixture->path, "old");
	assert_int_equal(chmod(fixture->path, 0444), 0);
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), -EACCES);
	assert_file(fixture->path, "old");
}

static int tell(struct fixture *fixture, struct output *output, enum exit_status status)
{
	fixture->verdict.exit_status = status;
	return output_write(output, &fixture->result, &fixture->verdict, &fixture->error);
}

/* Opens it, gives it its name, and writes a line as a run would. */
static void grow(struct fixture *fixture, struct output *output)
{
	snprintf(fixture->text, sizeof(fixture->text), "lines=%s", fixture->path);
	assert_int_equal(open_output(fixture, fixture->text, output), 0);
	assert_int_equal(output->kind, OUTPUT_GROWING);
	assert_int_equal(output_grow(output, &fixture->error), 0);
	assert_int_equal(write(output->fd, "line\n", 5), 5);
}

static void a_file_of_lines_has_its_name_at_once(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	assert_int_equal(chmod(fixture->path, 0604), 0);
	struct output output;
	grow(fixture, &output);
	assert_file(fixture->path, "line\n");
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_OK), 0);
	assert_file(fixture->path, "line\nreport of example\n");
	assert_int_equal(output.told_status, EXIT_STATUS_OK);
	output_finish(&output);
	struct stat status;
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0604);
	assert_int_equal(files_in(fixture->directory), 1);
}

static void its_end_is_put_there_again_and_taken_back(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	grow(fixture, &output);
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_INCOMPLETE), 0);
	assert_file(fixture->path, "line\nreport of example\nstatus 1\n");
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_OK), 0); /* shorter */
	assert_file(fixture->path, "line\nreport of example\n");
	assert_int_equal(output_withdraw(&output), 0);
	assert_file(fixture->path, "line\n");
	assert_int_equal(output.told_status, -1);
	output_finish(&output);
}

static void half_an_end_is_none(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	grow(fixture, &output);
	fixture->result.settings.host = NULL;
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_OK), -EIO);
	assert_non_null(strstr(fixture->error.text, fixture->path));
	assert_file(fixture->path, "line\n");
	assert_int_equal(output.told_status, -1);
	output_finish(&output);
}

/* Its lines may have got lost: an end behind them would make it look whole. */
static void where_lines_failed_there_is_no_end(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	grow(fixture, &output);
	output.live_failure = -ENOSPC;
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_OK), -ENOSPC);
	assert_file(fixture->path, "line\n");
	output_finish(&output);
}

/* A run that never began has no lines. */
static void without_a_start_it_is_a_file_like_others(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	snprintf(fixture->text, sizeof(fixture->text), "lines=%s", fixture->path);
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_file(fixture->path, "old");
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_INCOMPLETE), 0);
	assert_file(fixture->path, "report of example\nstatus 1\n");
	output_finish(&output);
}

static void what_does_not_show_the_verdict_is_sent_at_once_and_rendered_once(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];
	char text[64];
	assert_int_equal(pipe(ends), 0);
	snprintf(fixture->text, sizeof(fixture->text), "counting=/dev/fd/%d", ends[1]);
	rendered = 0;
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_begin(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), 9);
	assert_int_equal(tell(fixture, &output, EXIT_STATUS_INCOMPLETE), 0);
	assert_int_equal(rendered, 1);
	close(ends[1]);
	assert_int_equal(read(ends[0], text, sizeof(text)), 0);
	close(ends[0]);
	output_finish(&output);
}

int main(void)
{
#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(a_new_file_appears_when_it_is_complete),
		WITH_DIRECTORY(what_was_there_stays_until_then_and_keeps_its_mode),
		WITH_DIRECTORY(without_a_write_nothing_changes),
		WITH_DIRECTORY(half_a_report_is_none),
		WITH_DIRECTORY(a_link_stays_a_link),
		WITH_DIRECTORY(until_it_is_written_there_is_no_file),
		WITH_DIRECTORY(a_dangling_link_gets_its_target),
		WITH_DIRECTORY(one_place_is_known_by_any_spelling),
		WITH_DIRECTORY(a_hard_link_is_the_same_place),
		WITH_DIRECTORY(devices_do_not_mix),
		WITH_DIRECTORY(the_file_that_stdout_is_counts_as_a_dash),
		WITH_DIRECTORY(a_descriptor_for_reading_is_refused),
		WITH_DIRECTORY(what_any_verdict_shares_is_sent_first),
		WITH_DIRECTORY(a_file_is_written_again_or_withdrawn),
		WITH_DIRECTORY(what_was_not_written_is_not_withdrawn),
		WITH_DIRECTORY(the_longest_name_can_be_written),
		WITH_DIRECTORY(devices_are_written_in_place),
		WITH_DIRECTORY(a_full_disk_is_told),
		WITH_DIRECTORY(a_dash_is_the_standard_output_and_leaves_it_open),
		WITH_DIRECTORY(half_a_report_is_not_begun_in_place),
		WITH_DIRECTORY(what_cannot_be_written_is_refused_before),
		WITH_DIRECTORY(a_file_that_is_not_ours_to_write_is_refused),
		WITH_DIRECTORY(a_file_of_lines_has_its_name_at_once),
		WITH_DIRECTORY(its_end_is_put_there_again_and_taken_back),
		WITH_DIRECTORY(half_an_end_is_none),
		WITH_DIRECTORY(where_lines_failed_there_is_no_end),
		WITH_DIRECTORY(without_a_start_it_is_a_file_like_others),
		WITH_DIRECTORY(what_does_not_show_the_verdict_is_sent_at_once_and_rendered_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

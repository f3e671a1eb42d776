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

/* Writes the host's name; fails half way where there is none. */
static int plain_final(FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)verdict;
	fputs("report of ", out);
	if (result->host == NULL) {
		return -EIO;
	}
	fprintf(out, "%s\n", result->host);
	return fflush(out) == 0 ? 0 : -EIO;
}

static const struct report_ops plain = {.name = "plain", .final = plain_final};
static const struct report_ops other = {.name = "other", .final = plain_final};
static const struct report_ops *const formats[] = {&plain, &other, NULL};

struct fixture {
	char directory[64];
	char path[96]; /* in it; not there yet */
	char text[128]; /* "plain=PATH" */
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
	fixture->result.host = "example";
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
	assert_ptr_equal(output.format, &plain);
	assert_int_equal(access(fixture->path, F_OK), -1);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	assert_file(fixture->path, "report of example\n");
	output_finish(&output);
	assert_file(fixture->path, "report of example\n");
	assert_int_equal(files_in(fixture->directory), 1);
}

/* As any program's new file: not as secret as mkstemp would make it. */
static void a_new_file_follows_the_umask(void **state)
{
	struct fixture *fixture = *state;
	mode_t mask = umask(027);
	struct output output;
	int r = open_output(fixture, fixture->text, &output);
	umask(mask);
	assert_int_equal(r, 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	struct stat status;
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
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
	fixture->result.host = NULL;
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

static void leftovers_of_others_do_not_matter(void **state)
{
	struct fixture *fixture = *state;
	char leftover[160];
	snprintf(leftover, sizeof(leftover), "%s.%ld-0.tmp", fixture->path, (long)getpid());
	put_file(leftover, "leftover");
	struct output output;
	assert_int_equal(open_output(fixture, fixture->text, &output), 0);
	assert_int_equal(
		output_write(&output, &fixture->result, &fixture->verdict, &fixture->error), 0);
	output_finish(&output);
	assert_file(leftover, "leftover");
	assert_file(fixture->path, "report of example\n");
}

static void devices_are_written_in_place(void **state)
{
	struct fixture *fixture = *state;
	struct output output;
	assert_int_equal(open_output(fixture, "other=/dev/null", &output), 0);
	assert_ptr_equal(output.format, &other);
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
	fixture->result.host = NULL;
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
		assert_null(output.file);
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

int main(void)
{
#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(a_new_file_appears_when_it_is_complete),
		WITH_DIRECTORY(a_new_file_follows_the_umask),
		WITH_DIRECTORY(what_was_there_stays_until_then_and_keeps_its_mode),
		WITH_DIRECTORY(without_a_write_nothing_changes),
		WITH_DIRECTORY(half_a_report_is_none),
		WITH_DIRECTORY(a_link_stays_a_link),
		WITH_DIRECTORY(leftovers_of_others_do_not_matter),
		WITH_DIRECTORY(devices_are_written_in_place),
		WITH_DIRECTORY(a_full_disk_is_told),
		WITH_DIRECTORY(a_dash_is_the_standard_output_and_leaves_it_open),
		WITH_DIRECTORY(half_a_report_is_not_begun_in_place),
		WITH_DIRECTORY(what_cannot_be_written_is_refused_before),
		WITH_DIRECTORY(a_file_that_is_not_ours_to_write_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/file.h"

static const char report[] = "a report\n";
#define LENGTH (sizeof(report) - 1)

static int content(void *context, int fd)
{
	(void)context;
	return file_write(fd, report, LENGTH);
}

struct fixture {
	char directory[64];
	char path[96]; /* in it; not there yet */
	struct place place;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/tcpgoon-file-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/result", fixture->directory);
	fixture->place = (struct place)PLACE_INIT;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char second[128];
	snprintf(second, sizeof(second), "%s/second", fixture->directory);
	place_finish(&fixture->place);
	unlink(fixture->path);
	unlink(second);
	assert_int_equal(rmdir(fixture->directory), 0); /* and nothing else was left */
	free(fixture);
	return 0;
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

static mode_t mode_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static struct place *find(struct fixture *fixture)
{
	assert_int_equal(place_find(&fixture->place, fixture->path, &fixture->error), 0);
	return &fixture->place;
}

/* As any program's new file: not as secret as mkstemp would make it. */
static void a_new_file_follows_the_umask(void **state)
{
	struct fixture *fixture = *state;
	struct place *place = find(fixture);
	mode_t mask = umask(027);
	int tried = file_try_replace(place);
	int r = file_replace(place, content, NULL);
	umask(mask);
	assert_int_equal(tried, 0);
	assert_int_equal(r, 0);
	assert_true(place->exists);
	assert_file(fixture->path, report);
	assert_int_equal(mode_of(fixture->path), 0640);
}

static void to_try_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(file_try_replace(find(fixture)), 0);
	assert_int_equal(access(fixture->path, F_OK), -1);
	place_finish(&fixture->place);
	put_file(fixture->path, "old");
	assert_int_equal(file_try_replace(find(fixture)), 0);
	assert_int_equal(file_try_overwrite(&fixture->place, &fixture->error), 0);
	assert_file(fixture->path, "old");
}

static void no_special_bit_and_no_more_than_the_umask_is_kept(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "old");
	assert_int_equal(chmod(fixture->path, 07777), 0);
	mode_t mask = umask(022);
	int r = file_replace(find(fixture), content, NULL);
	umask(mask);
	assert_int_equal(r, 0);
	assert_file(fixture->path, report);
	assert_int_equal(mode_of(fixture->path), 0644);
}

/* Another's by now, or what is no file: it is not taken from whoever has made it. */
static void what_has_come_meanwhile_stays(void **state)
{
	struct fixture *fixture = *state;
	struct place *place = find(fixture);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(file_replace(place, content, NULL), -EEXIST);
	assert_int_equal(unlink(fixture->path), 0);
	put_file(fixture->path, "new");
	assert_int_equal(file_replace(place, content, NULL), 0);
	assert_file(fixture->path, report);
}

/* The space is asked for before the old report is touched; and where that cannot be, it is said. */
static void a_full_disk_leaves_the_old_report(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old;
	put_file(fixture->path, "old");
	struct place *place = find(fixture);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	const struct rlimit narrow = {.rlim_cur = 5, .rlim_max = old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
	int replaced = file_replace(place, content, NULL);
	int overwritten = file_overwrite(place, report, LENGTH, &fixture->error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(replaced, -EFBIG);
	assert_int_equal(overwritten, -EFBIG);
	assert_file(fixture->path, "old");
}

/* Half an end would look like the whole of a shorter one. */
static void on_a_full_disk_a_file_of_lines_keeps_its_lines(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old;
	struct place *place = find(fixture);
	int fd = file_begin(place);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, "li\n", 3), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	const struct rlimit narrow = {.rlim_cur = 5, .rlim_max = old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
	int r = file_put_end(place, fd, 3, report, LENGTH);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(r, -EFBIG);
	assert_file(fixture->path, "li\n");
	assert_int_equal(file_put_end(place, fd, 3, report, LENGTH), 0);
	assert_file(fixture->path, "li\na report\n");
	close(fd);
}

static void a_shorter_text_leaves_no_rest(void **state)
{
	struct fixture *fixture = *state;
	put_file(fixture->path, "an old report that is longer than the new one will be");
	assert_int_equal(chmod(fixture->path, 06664), 0);
	struct place *place = find(fixture);
	assert_int_equal(file_overwrite(place, report, LENGTH, &fixture->error), 0);
	assert_file(fixture->path, report);
	assert_int_equal(place->status.st_size, LENGTH);
	assert_int_equal(mode_of(fixture->path), 0664);
	assert_int_equal(file_empty(place), 0);
	assert_file(fixture->path, "");
}

static void a_file_of_two_names_is_not_overwritten(void **state)
{
	struct fixture *fixture = *state;
	char second[128];
	snprintf(second, sizeof(second), "%s/second", fixture->directory);
	put_file(fixture->path, "old");
	struct place *place = find(fixture);
	assert_int_equal(link(fixture->path, second), 0);
	assert_int_equal(file_try_overwrite(place, &fixture->error), -EMLINK);
	assert_int_equal(file_overwrite(place, report, LENGTH, &fixture->error), -EMLINK);
	assert_non_null(strstr(fixture->error.text, "hard link"));
	assert_int_equal(file_empty(place), -EMLINK);
	assert_file(second, "old");
}

int main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_new_file_follows_the_umask),
		IN_DIRECTORY(to_try_changes_nothing),
		IN_DIRECTORY(no_special_bit_and_no_more_than_the_umask_is_kept),
		IN_DIRECTORY(what_has_come_meanwhile_stays),
		IN_DIRECTORY(a_full_disk_leaves_the_old_report),
		IN_DIRECTORY(on_a_full_disk_a_file_of_lines_keeps_its_lines),
		IN_DIRECTORY(a_shorter_text_leaves_no_rest),
		IN_DIRECTORY(a_file_of_two_names_is_not_overwritten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

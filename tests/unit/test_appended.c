/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
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

#include "tcpgoon/report/appended.h"

#define ANY_LENGTH ((size_t)1 << 20)

struct fixture {
	char directory[64];
	char path[96]; /* in it; not there yet */
	struct place place;
	int fd;
	struct addition addition;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/tcpgoon-appended-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/summary", fixture->directory);
	fixture->place = (struct place)PLACE_INIT;
	fixture->fd = -1;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	place_finish(&fixture->place);
	if (fixture->fd >= 0) {
		close(fixture->fd);
	}
	unlink(fixture->path);
	rmdir(fixture->path);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

/* What others write to it: behind all that is there. */
static void put(const struct fixture *fixture, const char *text)
{
	FILE *file = fopen(fixture->path, "a");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_file(const struct fixture *fixture, const char *expected)
{
	char text[256] = "";
	FILE *file = fopen(fixture->path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void open_it(struct fixture *fixture)
{
	assert_int_equal(place_find(&fixture->place, fixture->path, NULL), 0);
	assert_int_equal(appended_try(&fixture->place), 0);
	fixture->fd = appended_open(&fixture->place);
	assert_true(fixture->fd >= 0);
}

static int add(struct fixture *fixture, const char *text, size_t most)
{
	return appended_write(fixture->fd, &fixture->addition, text, strlen(text), most);
}

static void it_stands_behind_what_is_there(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, "theirs without an end");
	open_it(fixture);
	assert_int_equal(add(fixture, "ours\n", ANY_LENGTH), 0);
	assert_file(fixture, "theirs without an end\nours\n");
}

static void a_missing_file_is_made_when_it_is_written(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(place_find(&fixture->place, fixture->path, NULL), 0);
	assert_int_equal(appended_try(&fixture->place), 0);
	assert_int_equal(access(fixture->path, F_OK), -1);
	fixture->fd = appended_open(&fixture->place);
	assert_int_equal(add(fixture, "ours\n", ANY_LENGTH), 0);
	assert_file(fixture, "\nours\n");
}

static void a_second_takes_the_place_of_the_first(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, "before\n");
	open_it(fixture);
	put(fixture, "during\n");
	assert_int_equal(add(fixture, "the status is 0\n", ANY_LENGTH), 0);
	assert_int_equal(add(fixture, "it is 1\n", ANY_LENGTH), 0);
	assert_file(fixture, "before\nduring\n\nit is 1\n");
	assert_int_equal(appended_withdraw(fixture->fd, &fixture->addition), 0);
	assert_file(fixture, "before\nduring\n");
	assert_int_equal(appended_withdraw(fixture->fd, &fixture->addition), 0);
	assert_file(fixture, "before\nduring\n");
}

static void what_others_added_since_stays(void **state)
{
	struct fixture *fixture = *state;
	open_it(fixture);
	assert_int_equal(add(fixture, "ours\n", ANY_LENGTH), 0);
	put(fixture, "theirs\n");
	assert_int_equal(add(fixture, "again\n", ANY_LENGTH), 0);
	assert_file(fixture, "\nours\ntheirs\n\nagain\n");
}

static void the_file_has_no_more_than_it_may(void **state)
{
	struct fixture *fixture = *state;
	const char *theirs = "0123456789\n";
	const char *note = "\n_The rest is left out: there is no room for more._\n";
	const char *ours =
		"one\ntwo\nand a line that is longer than the note in its place, by far\n";
	char expected[256];
	put(fixture, theirs);
	open_it(fixture);
	size_t most = strlen(theirs) + strlen("\none\ntwo\n") + strlen(note);
	assert_int_equal(add(fixture, ours, most), 0);
	snprintf(expected, sizeof(expected), "%s\none\ntwo\n%s", theirs, note);
	assert_file(fixture, expected);
	assert_int_equal(add(fixture, ours, strlen(theirs) - 1), 0);
	assert_file(fixture, theirs);
}

/* Like a disk that is full. */
static void what_does_not_fit_on_the_disk_is_taken_back(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old;
	put(fixture, "theirs\n");
	open_it(fixture);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	const struct rlimit small = {.rlim_cur = 10, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int r = add(fixture, "ours is too long\n", ANY_LENGTH);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(r, -EFBIG);
	assert_file(fixture, "theirs\n");
}

static void what_is_no_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(place_find(&fixture->place, fixture->path, NULL), 0);
	assert_int_equal(appended_try(&fixture->place), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_stands_behind_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_missing_file_is_made_when_it_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_second_takes_the_place_of_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(what_others_added_since_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(the_file_has_no_more_than_it_may, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_does_not_fit_on_the_disk_is_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

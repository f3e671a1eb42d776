/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/report/place.h"

struct fixture {
	char directory[64];
	int old_directory_fd;
};

/* In a directory of its own, with "sub", "file", and links to them. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	fixture->old_directory_fd = open(".", O_PATH | O_DIRECTORY);
	strcpy(fixture->directory, "/tmp/tcpgoon-place-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	assert_int_equal(chdir(fixture->directory), 0);
	assert_int_equal(mkdir("sub", 0755), 0);
	close(open("file", O_WRONLY | O_CREAT, 0644));
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("new", "dangling"), 0);
	assert_int_equal(symlink("sub", "way"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"file", "link", "dangling", "way", "loop"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unlink(names[i]);
	}
	rmdir("sub");
	assert_int_equal(fchdir(fixture->old_directory_fd), 0);
	close(fixture->old_directory_fd);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

static void a_path_ends_in_a_name_that_is_no_link(void **state)
{
	const struct fixture *fixture = *state;
	char absolute[128];
	snprintf(absolute, sizeof(absolute), "%s//sub/../link", fixture->directory);
	const struct {
		const char *path;
		const char *name;
		bool exists;
	} cases[] = {
		{"file", "file", true},
		{"./file", "file", true},
		{"link", "file", true},
		{absolute, "file", true},
		{"/proc/self/cwd/file", "file", true},
		{"dangling", "new", false},
		{"sub/new", "new", false},
		{"way/../way/new", "new", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place = PLACE_INIT;
		struct error error = ERROR_INIT;
		assert_int_equal(place_find(&place, cases[i].path, &error), 0);
		assert_string_equal(place.name, cases[i].name);
		assert_int_equal(place.exists, cases[i].exists);
		assert_int_equal(place.descriptor, -1);
		assert_false(place.others_descriptor);
		place_finish(&place);
		place_finish(&place); /* twice does no harm */
	}
}

static void a_path_that_ends_in_no_file_is_refused(void **state)
{
	(void)state;
	char long_name[NAME_MAX + 2];
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	char long_path[PATH_MAX + 1];
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	const struct {
		const char *path;
		int code;
	} cases[] = {
		{"", -ENOENT},
		{"/", -EISDIR},
		{".", -EISDIR},
		{"sub/..", -EISDIR},
		{"sub", -EISDIR},
		{"way", -EISDIR},
		{"new/", -ENOENT},
		{"file/", -ENOTDIR},
		{"file/below", -ENOTDIR},
		{"no/such", -ENOENT},
		{"loop", -ELOOP},
		{"loop/below", -ELOOP},
		{"/proc/self", -EISDIR},
		{long_name, -ENAMETOOLONG},
		{long_path, -ENAMETOOLONG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place = PLACE_INIT;
		struct error error = ERROR_INIT;
		assert_int_equal(place_find(&place, cases[i].path, &error), cases[i].code);
		assert_string_not_equal(error.text, "");
		assert_int_equal(place.directory_fd, -1);
	}
}

static void a_descriptor_s_path_is_the_descriptor(void **state)
{
	(void)state;
	int fd = open("file", O_WRONLY);
	static const char *const directories[] = {
		"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/%d", directories[i], fd);
		struct place place = PLACE_INIT;
		struct error error = ERROR_INIT;
		assert_int_equal(place_find(&place, path, &error), 0);
		assert_int_equal(place.descriptor, fd);
		place_finish(&place);
	}
	close(fd);
}

static void a_directory_is_shared_by_its_sticky_bit(void **state)
{
	(void)state;
	const struct {
		mode_t mode;
		bool shared;
	} cases[] = {{01777, true}, {01775, true}, {01755, false}, {0777, false}, {0755, false}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct stat status = {.st_mode = S_IFDIR | cases[i].mode};
		assert_int_equal(place_is_shared(&status), cases[i].shared);
	}
}

int main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_path_ends_in_a_name_that_is_no_link),
		IN_DIRECTORY(a_path_that_ends_in_no_file_is_refused),
		IN_DIRECTORY(a_descriptor_s_path_is_the_descriptor),
		cmocka_unit_test(a_directory_is_shared_by_its_sticky_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

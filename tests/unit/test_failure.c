/* SPDX-License-Identifier: MIT */
#include "uring/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

/* A machine that keeps nothing from anybody. */
static const struct failure_view plain = {
	.kernel = "6.18.1",
	.memlock = 8 << 20,
	.memlock_applies = true,
	.nofile = 1024,
	.uid = 1000,
};

struct row {
	const char *name;
	struct failure failure;
	long disabled;
	long seccomp;
	bool plain_ring_works;
	bool memlock_is_lifted;
	const char *words[5]; /* that the sentence has */
	const char *not_a_word; /* that it must not have; NULL: none */
};

static const struct row rows[] = {
	{"a filter that says EPERM", {FAILURE_SETUP, -EPERM}, 0, 2,
		.words = {"io_uring_setup", "EPERM", "seccomp filter", "profile", "6.18.1"}},
	{"a filter that says ENOSYS", {FAILURE_SETUP, -ENOSYS}, 0, 2,
		.words = {"io_uring_setup", "ENOSYS", "seccomp filter", "profile"},
		.not_a_word = "older"},
	{"no filter, ENOSYS", {FAILURE_SETUP, -ENOSYS}, 0, 0,
		.words = {"6.18.1", "built without", "gVisor"}, .not_a_word = "seccomp"},
	{"nothing is known of a filter", {FAILURE_SETUP, -ENOSYS}, 0, -1,
		.words = {"built without", "or a seccomp filter"}},
	{"the sysctl", {FAILURE_SETUP, -EPERM}, 2, 2,
		.words = {"kernel.io_uring_disabled = 2", "sysctl kernel.io_uring_disabled=0"}},
	{"the sysctl's group", {FAILURE_SETUP, -EPERM}, 1, 0,
		.words = {"kernel.io_uring_disabled = 1", "kernel.io_uring_group"}},
	{"the sysctl has nothing to do with an enter", {FAILURE_ENTER, -EPERM}, 2, 0,
		.words = {"io_uring_enter", "EPERM"}, .not_a_word = "io_uring_disabled"},
	{"a security module", {FAILURE_SETUP, -EACCES}, 0, 0,
		.words = {"EACCES", "security module", "ausearch"}, .not_a_word = "seccomp"},
	{"a security module or a filter", {FAILURE_FILES, -EACCES}, 0, 2,
		.words = {"io_uring_register", "EACCES", "security module", "or the seccomp"}},
	{"a filter that lets set up and not register", {FAILURE_FILES, -EPERM}, 0, 2,
		.words = {"io_uring_register", "EPERM", "io_uring_setup, io_uring_enter"}},
	{"a kernel before 6.1", {FAILURE_SETUP, -EINVAL}, 0, 0, true,
		.words = {"EINVAL", "IORING_SETUP_DEFER_TASKRUN", "Linux 6.1"}},
	{"EINVAL of anything", {FAILURE_SETUP, -EINVAL}, 0, 2, false,
		.words = {"EINVAL", "or the seccomp filter"}, .not_a_word = "DEFER_TASKRUN"},
	{"no sparse tables", {FAILURE_FILES, -EINVAL}, 0, 0, true,
		.words = {"io_uring_register", "EINVAL", "Linux 6.1"},
		.not_a_word = "DEFER_TASKRUN"},
	{"more than a user may lock", {FAILURE_SETUP, -ENOMEM, .memory = 9 << 20},
		.words = {"ENOMEM", "9.0 MiB is more than", "8.0 MiB", "ulimit -l 9217"}},
	{"less than a user may lock", {FAILURE_SETUP, -ENOMEM, .memory = 52 << 10},
		.words = {"52.0 KiB", "8.0 MiB", "uid 1000", "together", "control group"}},
	{"a user without a limit", {FAILURE_SETUP, -ENOMEM, .memory = 52 << 10},
		.memlock_is_lifted = true, .words = {"ENOMEM", "the machine"},
		.not_a_word = "ulimit"},
	{"memory for a table", {FAILURE_FILES, -ENOMEM, .slots = 500},
		.words = {"ENOMEM", "the machine"}, .not_a_word = "ulimit"},
	{"no descriptor for a ring", {FAILURE_SETUP, -EMFILE},
		.words = {"EMFILE", "1024", "ulimit -n"}},
	{"a table larger than the limit", {FAILURE_FILES, -EMFILE, .slots = 2000},
		.words = {"EMFILE", "2000 slots", "1024", "ulimit -n"}},
	{"no descriptor for the wake", {FAILURE_EVENTFD, -EMFILE},
		.words = {"eventfd fails", "EMFILE", "ulimit -n"}},
	{"no file on the host", {FAILURE_SETUP, -ENFILE}, .words = {"ENFILE", "fs.file-max"}},
	{"an enter that never succeeds", {FAILURE_ENTER, -EAGAIN, .lasted_ns = 10500000000},
		.words = {"io_uring_enter has failed with EAGAIN for 10s", "memory"},
		.not_a_word = "seccomp"},
	{"the same under a filter", {FAILURE_ENTER, -EBUSY, .lasted_ns = 10500000000}, 0, 2,
		.words = {"EBUSY", "memory", "or the seccomp filter"}},
	{"any other", {FAILURE_ENTER, -EFAULT},
		.words = {"io_uring_enter fails with EFAULT", "Bad address"}},
	{"any other under a filter", {FAILURE_WAKE, -E2BIG}, 0, 2,
		.words = {"io_uring_register (an eventfd) fails with E2BIG", "seccomp filter"}},
};

static void each_call_and_errno_has_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct failure_view view = plain;
		struct error error = ERROR_INIT;
		view.disabled = row->disabled;
		view.seccomp = row->seccomp;
		view.plain_ring_works = row->plain_ring_works;
		view.memlock_applies = !row->memlock_is_lifted;
		assert_int_equal(failure_explain(&row->failure, &view, &error), row->failure.code);
		for (size_t j = 0; j < 5 && row->words[j] != NULL; j++) {
			if (strstr(error.text, row->words[j]) == NULL) {
				fail_msg("%s: no '%s' in '%s'", row->name, row->words[j],
					error.text);
			}
		}
		if (row->not_a_word != NULL && strstr(error.text, row->not_a_word) != NULL) {
			fail_msg("%s: '%s' in '%s'", row->name, row->not_a_word, error.text);
		}
	}
}

static void every_errno_has_a_name_and_no_sentence_is_cut(void **state)
{
	(void)state;
	struct failure_view view = plain;
	memset(view.kernel, 'k', sizeof(view.kernel) - 1);
	view.seccomp = 2;
	for (int call = 0; call < FAILURE_CALL_MAX; call++) {
		for (int code = 1; code < 134; code++) {
			struct error error = ERROR_INIT;
			const struct failure failure = {.call = (enum failure_call)call,
				.code = -code,
				.memory = 52 << 10,
				.slots = 5,
				.lasted_ns = 3600 * NSEC_PER_SEC};
			failure_explain(&failure, &view, &error);
			assert_true(strlen(error.text) > 20);
			assert_true(strlen(error.text) < sizeof(error.text) - 1);
		}
	}
}

static void the_machine_can_be_looked_at(void **state)
{
	(void)state;
	struct failure_view view;
	failure_look(&view);
	assert_true(view.nofile > 0);
	assert_true(view.kernel[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_and_errno_has_its_sentence),
		cmocka_unit_test(every_errno_has_a_name_and_no_sentence_is_cut),
		cmocka_unit_test(the_machine_can_be_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

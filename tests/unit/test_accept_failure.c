/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/accept_failure.h"

static void what_befell_one_connection_keeps_no_other_away(void **state)
{
	(void)state;
	static const int codes[] = {ECANCELED, EINTR, EAGAIN, ECONNABORTED, EPROTO, ENOPROTOOPT,
		ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, ETIMEDOUT};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_int_equal(accept_failure_of(-codes[i]), ACCEPT_ONCE);
	}
}

static void what_is_short_may_come_again(void **state)
{
	(void)state;
	static const int codes[] = {EPERM, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_int_equal(accept_failure_of(-codes[i]), ACCEPT_FOR_NOW);
	}
}

static void all_else_ends_the_accepting(void **state)
{
	(void)state;
	static const int codes[] = {EBADF, EFAULT, EINVAL, ENOTSOCK, EOPNOTSUPP, ENOSYS};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_int_equal(accept_failure_of(-codes[i]), ACCEPT_FOR_GOOD);
	}
}

static void limits_are_named_with_what_lifts_them(void **state)
{
	(void)state;
	char buffer[ACCEPT_FAILURE_TEXT_MAX];
	struct accept_failure_words words = accept_failure_words(-EMFILE, 64, buffer);
	assert_string_equal(words.what, "no room for more connections than are open now");
	assert_string_equal(words.why,
		"each takes a file descriptor, and the limit of open files is 64: raise it with "
		"'ulimit -n'");

	words = accept_failure_words(-ENOSPC, 64, buffer);
	assert_string_equal(words.what, "no room for more connections than are open now");
	assert_non_null(strstr(words.why, "fs.epoll.max_user_watches"));

	words = accept_failure_words(-ENFILE, 64, buffer);
	assert_string_equal(words.what, "accepting less than asked, trying again every 100ms");
	assert_non_null(strstr(words.why, "fs.file-max"));
}

static void what_has_no_limit_has_the_kernels_words(void **state)
{
	(void)state;
	char buffer[ACCEPT_FAILURE_TEXT_MAX];
	struct accept_failure_words words = accept_failure_words(-ENOMEM, 64, buffer);
	assert_string_equal(words.what, "accepting less than asked, trying again every 100ms");
	assert_string_equal(words.why, strerror(ENOMEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_befell_one_connection_keeps_no_other_away),
		cmocka_unit_test(what_is_short_may_come_again),
		cmocka_unit_test(all_else_ends_the_accepting),
		cmocka_unit_test(limits_are_named_with_what_lifts_them),
		cmocka_unit_test(what_has_no_limit_has_the_kernels_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

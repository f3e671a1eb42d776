/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void set_formats_and_returns_the_code(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	assert_string_equal(error.text, "");
	assert_int_equal(error_set(&error, -EINVAL, "'%s' is not %d", "ten", 10), -EINVAL);
	assert_string_equal(error.text, "'ten' is not 10");
	assert_int_equal(error_set(&error, -ENOMEM, "again"), -ENOMEM);
	assert_string_equal(error.text, "again");
}

static void errno_speaks_for_itself(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	assert_int_equal(error_set_errno(&error, -ENOENT), -ENOENT);
	assert_string_equal(error.text, strerror(ENOENT));
}

static void none_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -ERANGE, "unheard"), -ERANGE);
	error_prefix(NULL, "unheard");
}

static void the_old_message_may_be_an_argument(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	error_set(&error, -EIO, "inner");
	error_set(&error, -EIO, "outer (%s)", error.text);
	assert_string_equal(error.text, "outer (inner)");
	error_prefix(&error, "<%s>", error.text);
	assert_string_equal(error.text, "<outer (inner)>: outer (inner)");
}

static void prefix_stands_before(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	error_set(&error, -EINVAL, "'ten' is not a number");
	error_prefix(&error, "--%s", "connections");
	assert_string_equal(error.text, "--connections: 'ten' is not a number");
	error_prefix(&error, "run");
	assert_string_equal(error.text, "run: --connections: 'ten' is not a number");
}

static void prefix_of_nothing_stands_alone(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	error_prefix(&error, "run");
	assert_string_equal(error.text, "run");
}

static void too_long_is_cut(void **state)
{
	(void)state;
	char longer[2 * sizeof(struct error)];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';

	struct error error = ERROR_INIT;
	assert_int_equal(error_set(&error, -EINVAL, "%s", longer), -EINVAL);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1 - ERROR_PREFIX_ROOM);
	assert_non_null(strstr(error.text, "xxx...xxx"));

	error_prefix(&error, "ab");
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1 - ERROR_PREFIX_ROOM + 4);
	assert_memory_equal(error.text, "ab: xxx", 7);

	error_set(&error, -EINVAL, "message");
	error_prefix(&error, "%s", longer);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_null(strchr(error.text, ':'));
}

static void what_is_too_long_keeps_both_ends_and_whole_characters(void **state)
{
	(void)state;
	char longer[2 * sizeof(struct error)] = "";
	for (size_t i = 0; i < sizeof(longer) - 8; i += 2) {
		strcpy(longer + i, "\u00fc");
	}
	for (size_t blanks = 0; blanks < 4; blanks++) {
		struct error error = ERROR_INIT;
		error_set(
			&error, -EINVAL, "%.*shost '%s' is too long", (int)blanks, "    ", longer);
		assert_non_null(strstr(error.text, "host '\u00fc"));
		assert_non_null(strstr(error.text, "\u00fc...\u00fc"));
		assert_non_null(strstr(error.text, "\u00fc' is too long"));
		assert_null(strstr(error.text, "\\x"));
	}
}

static void words_are_fit_to_be_shown(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	error_set(&error, -EINVAL, "host '%s'", "a\r\n\x1b[2Jb\xff");
	assert_string_equal(error.text, "host 'a\\r\\n\\x1b[2Jb\\xff'");
	error_add_line(&error, "  %s", "second\nline");
	error_prefix(&error, "--x\n");
	assert_string_equal(error.text, "--x\\n: host 'a\\r\\n\\x1b[2Jb\\xff'\n  second\\nline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_formats_and_returns_the_code),
		cmocka_unit_test(errno_speaks_for_itself),
		cmocka_unit_test(none_is_allowed),
		cmocka_unit_test(the_old_message_may_be_an_argument),
		cmocka_unit_test(prefix_stands_before),
		cmocka_unit_test(prefix_of_nothing_stands_alone),
		cmocka_unit_test(too_long_is_cut),
		cmocka_unit_test(what_is_too_long_keeps_both_ends_and_whole_characters),
		cmocka_unit_test(words_are_fit_to_be_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

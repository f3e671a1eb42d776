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
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);

	error_prefix(&error, "ab");
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_memory_equal(error.text, "ab: xxx", 7);

	error_set(&error, -EINVAL, "message");
	error_prefix(&error, "%s", longer);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_null(strchr(error.text, ':'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_formats_and_returns_the_code),
		cmocka_unit_test(none_is_allowed),
		cmocka_unit_test(the_old_message_may_be_an_argument),
		cmocka_unit_test(prefix_stands_before),
		cmocka_unit_test(prefix_of_nothing_stands_alone),
		cmocka_unit_test(too_long_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

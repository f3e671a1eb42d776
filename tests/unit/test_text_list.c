/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/text_list.h"

static void copies_outlive_what_they_are_of(void **state)
{
	(void)state;
	char text[] = "first";
	struct text_list list = {0};
	assert_int_equal(text_list_add_copy(&list, text), 0);
	strcpy(text, "other");
	assert_int_equal(text_list_add_copy(&list, text), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "first");
	assert_string_equal(list.items[1], "other");
	text_list_free_copies(&list);
	assert_int_equal(list.count, 0);
	text_list_free_copies(&list); /* twice does no harm */
}

static void a_full_list_takes_no_more(void **state)
{
	(void)state;
	struct text_list list = {0};
	for (int i = 0; i < TEXT_LIST_MAX; i++) {
		assert_int_equal(text_list_add_copy(&list, "text"), 0);
	}
	assert_int_equal(text_list_add_copy(&list, "text"), -E2BIG);
	assert_int_equal(list.count, TEXT_LIST_MAX);
	text_list_free_copies(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_outlive_what_they_are_of),
		cmocka_unit_test(a_full_list_takes_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

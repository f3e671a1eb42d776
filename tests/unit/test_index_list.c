/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/index_list.h"

static void the_latest_go_first(void **state)
{
	(void)state;
	struct index_list list = {0};
	uint32_t batch[3] = {0};
	assert_int_equal(index_list_pop(&list, batch, 3), 0);
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(index_list_push(&list, 10 * i));
	}
	assert_int_equal(index_list_pop(&list, batch, 3), 3);
	assert_int_equal(batch[0], 40);
	assert_int_equal(batch[2], 20);
	assert_int_equal(index_list_pop(&list, batch, 3), 2);
	assert_int_equal(batch[0], 10);
	assert_int_equal(batch[1], 0);
	assert_int_equal(list.count, 0);
	index_list_finish(&list);
}

static void it_keeps_all_as_it_grows(void **state)
{
	(void)state;
	struct index_list list = {0};
	const uint32_t count = 100000;
	for (uint32_t i = 0; i < count; i++) {
		assert_true(index_list_push(&list, i ^ 5));
	}
	assert_int_equal(list.count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(list.indices[i], i ^ 5);
	}
	index_list_finish(&list);
	assert_null(list.indices);
	assert_int_equal(list.count, 0);
	assert_true(index_list_push(&list, 7)); /* it can be used again */
	index_list_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_go_first),
		cmocka_unit_test(it_keeps_all_as_it_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

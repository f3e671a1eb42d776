/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/place_list.h"

#define SLOTS 3
#define BLOCKS 2

static int set_up(void **state)
{
	static struct place_list list;
	place_list_init(&list, SLOTS);
	*state = &list;
	int r = 0;
	for (int i = 0; r == 0 && i < BLOCKS; i++) {
		r = place_list_add_block(&list);
	}
	return r;
}

static int tear_down(void **state)
{
	place_list_finish(*state);
	return 0;
}

static struct place nth(uint32_t n)
{
	return (struct place){.block = n / SLOTS, .slot = n % SLOTS};
}

/* Takes the oldest, and checks that it is the n-th place with that instant. */
static void assert_takes(struct place_list *list, uint32_t n, uint64_t at_ns)
{
	struct place place;
	uint64_t since_ns;
	assert_true(place_list_oldest(list, &place, &since_ns));
	assert_int_equal(place.block * SLOTS + place.slot, n);
	assert_int_equal(since_ns, at_ns);
	assert_true(place_list_remove(list, place));
}

static void assert_empty(struct place_list *list)
{
	struct place place;
	uint64_t at_ns;
	assert_false(place_list_oldest(list, &place, &at_ns));
	assert_int_equal(list->count, 0);
}

static void the_oldest_comes_first(void **state)
{
	struct place_list *list = *state;
	assert_empty(list);
	place_list_append(list, nth(5), 10);
	place_list_append(list, nth(0), 10);
	place_list_append(list, nth(3), 12);
	assert_int_equal(list->count, 3);
	assert_takes(list, 5, 10);
	assert_takes(list, 0, 10);
	place_list_append(list, nth(5), 13);
	assert_takes(list, 3, 12);
	assert_takes(list, 5, 13);
	assert_empty(list);
}

static void any_may_leave(void **state)
{
	struct place_list *list = *state;
	for (uint32_t n = 0; n < 6; n++) {
		place_list_append(list, nth(n), n + 1);
	}
	assert_true(place_list_remove(list, nth(2)));
	assert_false(place_list_remove(list, nth(2)));
	assert_true(place_list_remove(list, nth(0)));
	assert_true(place_list_remove(list, nth(5)));
	assert_int_equal(place_list_at(list, nth(2)), 0);
	assert_int_equal(place_list_at(list, nth(3)), 4);
	struct place newer;
	assert_true(place_list_newer(list, nth(1), &newer));
	assert_int_equal(newer.block * SLOTS + newer.slot, 3);
	assert_false(place_list_newer(list, nth(4), &newer));
	assert_takes(list, 1, 2);
	assert_takes(list, 3, 4);
	assert_takes(list, 4, 5);
	assert_empty(list);
}

static void without_room_there_is_nothing(void **state)
{
	(void)state;
	struct place_list list;
	place_list_init(&list, SLOTS);
	assert_false(place_list_remove(&list, nth(0)));
	assert_int_equal(place_list_at(&list, nth(4)), 0);
	assert_empty(&list);
	place_list_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_oldest_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(any_may_leave, set_up, tear_down),
		cmocka_unit_test(without_room_there_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

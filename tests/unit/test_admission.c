/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/admission.h"

#define MARGIN 100

static void multishot_while_room_exceeds_the_margin(void **state)
{
	(void)state;
	struct admission_view view = {
		.free_slots = MARGIN + 1, .allowed = UINT64_MAX, .margin = MARGIN};
	struct admission_order order = admission_decide(&view);
	assert_true(order.start_multishot);
	assert_int_equal(order.singles, 0);

	view.free_slots = MARGIN;
	order = admission_decide(&view);
	assert_false(order.start_multishot);
	assert_int_equal(order.singles, ADMISSION_SINGLES_MAX);
}

static void what_is_allowed_bounds_as_slots_do(void **state)
{
	(void)state;
	struct admission_view view = {.free_slots = 1000, .allowed = 10, .margin = MARGIN};
	struct admission_order order = admission_decide(&view);
	assert_false(order.start_multishot);
	assert_int_equal(order.singles, 10);

	view.singles = 7;
	assert_int_equal(admission_decide(&view).singles, 3);
	view.singles = 10;
	assert_int_equal(admission_decide(&view).singles, 0);
	view.allowed = 0;
	view.singles = 0;
	assert_int_equal(admission_decide(&view).singles, 0);
}

static void outstanding_singles_count_against_multishot(void **state)
{
	(void)state;
	struct admission_view view = {
		.free_slots = MARGIN + 5, .allowed = UINT64_MAX, .margin = MARGIN, .singles = 5};
	assert_false(admission_decide(&view).start_multishot);
	view.singles = 4;
	assert_true(admission_decide(&view).start_multishot);
}

static void multishot_is_stopped_once_and_waited_for(void **state)
{
	(void)state;
	struct admission_view view = {.free_slots = MARGIN + 1,
		.allowed = UINT64_MAX,
		.margin = MARGIN,
		.multishot = true};
	struct admission_order order = admission_decide(&view);
	assert_false(order.start_multishot);
	assert_false(order.stop_multishot);

	view.free_slots = MARGIN;
	order = admission_decide(&view);
	assert_true(order.stop_multishot);
	assert_int_equal(order.singles, 0);

	view.stopping = true;
	order = admission_decide(&view);
	assert_false(order.stop_multishot);
	assert_int_equal(order.singles, 0);
}

/* Whatever the kernel does within its bounds, slots and the number allowed are kept. */
static void no_sequence_overfills(void **state)
{
	(void)state;
	const uint32_t backlog = 8;
	const uint64_t slots = 200;
	for (uint64_t most = 1; most < 300; most++) {
		struct admission_view view = {
			.free_slots = slots, .allowed = most, .margin = admission_margin(backlog)};
		uint64_t accepted = 0;
		for (unsigned step = 0; accepted < most && accepted < slots; step++) {
			struct admission_order order = admission_decide(&view);
			view.multishot = view.multishot || order.start_multishot;
			view.singles += order.singles;
			/* One go of multishot: a full queue, and as many as came meanwhile. */
			uint64_t go = view.multishot ? 2 * backlog : view.singles;
			assert_true(go > 0 || order.stop_multishot);
			view.multishot = view.multishot && !order.stop_multishot;
			view.singles = 0;
			accepted += go;
			assert_true(accepted <= slots);
			assert_true(accepted <= most);
			view.free_slots = slots - accepted;
			view.allowed = most - accepted;
			assert_true(step < 1000);
		}
	}
}

static void next_lane_is_worth_the_change(void **state)
{
	(void)state;
	const uint32_t used[] = {800, 793, 795};
	/* An eighth of 800 is 100: seven free slots are not worth it ... */
	assert_int_equal(admission_next_lane(used, 3, 800, UINT64_MAX, true), ADMISSION_NEW_LANE);
	/* ... unless no more are needed, or available is nothing else. */
	assert_int_equal(admission_next_lane(used, 3, 800, 7, true), 1);
	assert_int_equal(admission_next_lane(used, 3, 800, 8, true), ADMISSION_NEW_LANE);
	assert_int_equal(admission_next_lane(used, 3, 800, UINT64_MAX, false), 1);
	const uint32_t freed[] = {800, 700, 650};
	assert_int_equal(admission_next_lane(freed, 3, 800, UINT64_MAX, true), 2);
}

static void full_lanes_are_not_chosen(void **state)
{
	(void)state;
	const uint32_t used[] = {5, 6}; /* one beyond: its CLOSE is not reaped yet */
	assert_int_equal(admission_next_lane(used, 2, 5, 100, true), ADMISSION_NEW_LANE);
	assert_int_equal(admission_next_lane(used, 2, 5, 100, false), ADMISSION_NO_LANE);
	/* Nor where the share of a small table rounds to nothing. */
	assert_int_equal(admission_next_lane(used, 1, 5, 100, true), ADMISSION_NEW_LANE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multishot_while_room_exceeds_the_margin),
		cmocka_unit_test(what_is_allowed_bounds_as_slots_do),
		cmocka_unit_test(outstanding_singles_count_against_multishot),
		cmocka_unit_test(multishot_is_stopped_once_and_waited_for),
		cmocka_unit_test(no_sequence_overfills),
		cmocka_unit_test(next_lane_is_worth_the_change),
		cmocka_unit_test(full_lanes_are_not_chosen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

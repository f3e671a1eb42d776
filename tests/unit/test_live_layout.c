/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/live_view.h"

#define FIRST_ROWS 3 /* a blank one, the title, the bar */

static unsigned rows_of(const struct live_layout *layout)
{
	unsigned below = layout->causes_beside ? 0 : layout->causes;
	unsigned gaps = layout->gaps ? (layout->causes_beside ? 3 : 4) : 0;
	return FIRST_ROWS + layout->counts + layout->pace + layout->queue + layout->times +
		layout->plot + below + gaps;
}

/* At each size all rows that were given out fit, and none is forgotten. */
static void rows_add_up_at_any_size(void **state)
{
	(void)state;
	for (unsigned columns = 1; columns <= 220; columns++) {
		for (unsigned rows = FIRST_ROWS; rows <= 100; rows++) {
			for (int i = 0; i < 4; i++) {
				struct live_layout layout =
					live_lay_out(columns, rows, (i & 1) != 0, (i & 2) != 0);
				assert_int_equal(layout.rows, rows_of(&layout));
				assert_true(layout.rows <= rows);
				assert_true(layout.columns < columns);
				assert_true(layout.columns < 120);
			}
		}
	}
}

/* What has a row in a small terminal has one in each larger one. */
static void nothing_is_lost_where_there_is_more_room(void **state)
{
	(void)state;
	for (unsigned rows = 9; rows < 60; rows++) {
		struct live_layout small = live_lay_out(80, rows, true, true);
		struct live_layout large = live_lay_out(80, rows + 1, true, true);
		assert_true(small.counts == 0 || large.counts > 0);
		assert_true(small.pace == 0 || large.pace > 0);
		assert_true(small.queue == 0 || large.queue > 0);
		assert_true(small.times == 0 || large.times > 0);
		assert_true(small.plot == 0 || large.plot > 0);
		assert_true(small.causes == 0 || large.causes > 0);
	}
}

static void at_the_usual_sizes_it_shows_what_fits(void **state)
{
	(void)state;
	struct live_layout layout = live_lay_out(80, 24, true, true);
	assert_int_equal(layout.rows, 23); /* the line above stays */
	assert_int_equal(layout.times, 4);
	assert_int_equal(layout.plot, 6);
	assert_int_equal(layout.causes, 3);
	assert_true(layout.gaps);
	layout = live_lay_out(120, 40, true, true);
	assert_true(layout.causes_beside);
	assert_int_equal(layout.plot, 14);
	layout = live_lay_out(40, 10, false, true);
	assert_int_equal(layout.rows, 9);
	assert_int_equal(layout.counts, 2);
	assert_int_equal(layout.times, 1);
	assert_int_equal(layout.causes, 1);
	layout = live_lay_out(20, 5, false, true);
	assert_int_equal(layout.rows, 5);
	assert_int_equal(layout.counts, 2);
	assert_int_equal(layout.pace, 0);
}

static void without_a_pace_there_is_no_lag(void **state)
{
	(void)state;
	assert_int_equal(live_lay_out(80, 24, true, false).times, 3);
	assert_int_equal(live_lay_out(80, 24, false, true).queue, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_add_up_at_any_size),
		cmocka_unit_test(nothing_is_lost_where_there_is_more_room),
		cmocka_unit_test(at_the_usual_sizes_it_shows_what_fits),
		cmocka_unit_test(without_a_pace_there_is_no_lag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

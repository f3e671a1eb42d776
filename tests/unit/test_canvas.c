/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Until the next call. */
static const char *line_of(const struct canvas *canvas, unsigned row)
{
	static char line[CANVAS_LINE_MAX];
	size_t length = canvas_line(canvas, row, line);
	assert_int_equal(length, strlen(line));
	return line;
}

static struct canvas *make(unsigned columns, unsigned rows, bool utf8, bool colours)
{
	struct canvas *canvas = malloc(sizeof(*canvas));
	assert_non_null(canvas);
	canvas_init(canvas, columns, rows, utf8, colours);
	return canvas;
}

static void what_is_put_stands_at_its_place(void **state)
{
	(void)state;
	struct canvas *canvas = make(10, 2, true, false);
	assert_int_equal(canvas_put(canvas, 0, 2, CANVAS_PLAIN, "abc"), 5);
	assert_int_equal(canvas_print(canvas, 1, 0, CANVAS_DIM, "%d%%", 42), 3);
	assert_int_equal(canvas_put_right(canvas, 1, 10, CANVAS_PLAIN, "5µs"), 7);
	assert_string_equal(line_of(canvas, 0), "  abc");
	assert_string_equal(line_of(canvas, 1), "42%    5µs");
	free(canvas);
}

static void what_is_outside_is_cut_off(void **state)
{
	(void)state;
	struct canvas *canvas = make(4, 1, true, false);
	assert_int_equal(canvas_put(canvas, 0, 2, CANVAS_PLAIN, "abc"), 5);
	canvas_put(canvas, 1, 0, CANVAS_PLAIN, "below");
	assert_string_equal(line_of(canvas, 0), "  ab");
	free(canvas);
	canvas = make(4000, 4000, true, false);
	assert_int_equal(canvas->columns, CANVAS_COLUMNS_MAX);
	assert_int_equal(canvas->rows, CANVAS_ROWS_MAX);
	free(canvas);
}

static void without_utf8_there_is_only_ascii(void **state)
{
	(void)state;
	struct canvas *canvas = make(10, 1, false, false);
	canvas_put(canvas, 0, 0, CANVAS_PLAIN, "5µs █ é");
	assert_string_equal(line_of(canvas, 0), "5us ? ?");
	free(canvas);
}

static void a_style_begins_where_it_changes_and_ends_with_the_line(void **state)
{
	(void)state;
	struct canvas *canvas = make(20, 2, true, true);
	canvas_put(canvas, 0, 0, CANVAS_PLAIN, "a ");
	canvas_put(canvas, 0, 2, CANVAS_FAILED, "bc de");
	canvas_put(canvas, 0, 8, CANVAS_PLAIN, "f");
	canvas_put(canvas, 1, 0, CANVAS_DROPPED, "g");
	assert_string_equal(line_of(canvas, 0), "a \033[0;31mbc de \033[0mf");
	assert_string_equal(line_of(canvas, 1), "\033[0;33mg\033[0m");
	free(canvas);
}

static void without_colours_there_is_no_style(void **state)
{
	(void)state;
	struct canvas *canvas = make(20, 1, true, false);
	canvas_put(canvas, 0, 0, CANVAS_FAILED, "a");
	canvas_put(canvas, 0, 1, CANVAS_STRONG, "b");
	assert_string_equal(line_of(canvas, 0), "ab");
	free(canvas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_stands_at_its_place),
		cmocka_unit_test(what_is_outside_is_cut_off),
		cmocka_unit_test(without_utf8_there_is_only_ascii),
		cmocka_unit_test(a_style_begins_where_it_changes_and_ends_with_the_line),
		cmocka_unit_test(without_colours_there_is_no_style),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_shown(const char *text, const char *expected)
{
	char *shown = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&shown, &size);
	assert_non_null(out);
	escape_write(out, text);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(shown, expected);
	/* What was escaped once stays as it is. */
	const char *cursor = shown;
	char piece[ESCAPE_PIECE_MAX];
	size_t length;
	while ((length = escape_next(&cursor, piece)) > 0) {
		assert_memory_equal(cursor - length, piece, length);
	}
	free(shown);
}

static const char *replace_quote(char character)
{
	return character == '"' ? "&quot;" : character == '\\' ? "" : NULL;
}

static void a_format_replaces_its_own_characters(void **state)
{
	(void)state;
	char *shown = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&shown, &size);
	assert_non_null(out);
	escape_write_replaced(out, "a\"\n\u00e9", replace_quote);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(shown, "a&quot;n\u00e9");
	free(shown);
}

static void what_can_be_read_is_itself(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "localhost", "a b\\c'\"", "m\u00fcller.example",
		"\u4f8b\u3048.jp", "50\u00b5s", "\U0001f600", "e\u0301"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_shown(texts[i], texts[i]);
	}
}

static void what_a_terminal_obeys_or_hides_is_escaped(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *shown;
	} rows[] = {
		{"a\nb", "a\\nb"},
		{"a\rb\t", "a\\rb\\t"},
		{"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
		{"\x7f\x01", "\\x7f\\x01"},
		{"\xc2\x85", "\\u0085"}, /* a control in Latin-1 */
		{"\u202egpj", "\\u202egpj"}, /* from right to left */
		{"\u2066\u200f", "\\u2066\\u200f"},
		{"a\u200bb", "a\\u200bb"}, /* of no width */
		{"\u2028", "\\u2028"}, /* a line's end to some */
		{"\ufeff", "\\ufeff"},
		{"\U000e0041", "\\U000e0041"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_shown(rows[i].text, rows[i].shown);
	}
}

static void bytes_that_are_no_utf8_are_escaped_one_by_one(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *shown;
	} rows[] = {
		{"\xff\xfe", "\\xff\\xfe"}, {"m\xfcller", "m\\xfcller"},
		{"\xc3", "\\xc3"}, /* its second byte is missing */
		{"\xe2\x82", "\\xe2\\x82"}, {"\xc0\xaf", "\\xc0\\xaf"}, /* longer than it need be */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* half of a pair of UTF-16 */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_shown(rows[i].text, rows[i].shown);
	}
}

static void only_what_is_no_utf8_is_escaped_for_formats_with_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *utf8;
	} rows[] = {
		{"", ""},
		{"a\n\u202e", "a\n\u202e"},
		{"\xff\xfe\xfd", "\\xff\\xfe\\xfd"},
		{"m\xfcller\u00fc", "m\\xfcller\u00fc"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *utf8 = escape_to_utf8(rows[i].text);
		assert_non_null(utf8);
		assert_string_equal(utf8, rows[i].utf8);
		free(utf8);
	}
}

static void columns_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(escape_columns("a"), 1);
	assert_int_equal(escape_columns("\\x1b"), 4);
	assert_int_equal(escape_columns("\u00b5"), 1);
	assert_int_equal(escape_columns("\u4f8b"), 2);
	assert_int_equal(escape_columns("\u0301"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_read_is_itself),
		cmocka_unit_test(a_format_replaces_its_own_characters),
		cmocka_unit_test(what_a_terminal_obeys_or_hides_is_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_are_escaped_one_by_one),
		cmocka_unit_test(only_what_is_no_utf8_is_escaped_for_formats_with_escapes),
		cmocka_unit_test(columns_are_those_of_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/sink.h"

#define LENGTH 1000000

/* Takes so many bytes, and then fails. */
struct taker {
	size_t room;
	size_t length;
	unsigned pieces;
	unsigned refusals;
	char text[LENGTH];
};

static int take(void *context, const char *text, size_t length)
{
	struct taker *taker = context;
	if (length > taker->room - taker->length) {
		taker->refusals++;
		return -ENOSPC;
	}
	memcpy(taker->text + taker->length, text, length);
	taker->length += length;
	taker->pieces++;
	return 0;
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct taker));
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void all_of_it_arrives_in_pieces(void **state)
{
	struct taker *taker = *state;
	struct sink sink;
	taker->room = LENGTH;
	assert_int_equal(sink_open(&sink, take, taker), 0);
	for (unsigned i = 0; i < LENGTH / 10; i++) {
		fprintf(sink.file, "%09u\n", i);
	}
	assert_int_equal(sink_close(&sink), 0);
	assert_int_equal(taker->length, LENGTH);
	assert_in_range(taker->pieces, 2, LENGTH / 1000);
	assert_memory_equal(taker->text, "000000000\n000000001\n", 20);
	assert_memory_equal(taker->text + LENGTH - 10, "000099999\n", 10);
}

static void the_first_failure_is_kept_and_nothing_follows_it(void **state)
{
	struct taker *taker = *state;
	struct sink sink;
	taker->room = 100000;
	assert_int_equal(sink_open(&sink, take, taker), 0);
	for (unsigned i = 0; i < LENGTH / 10; i++) {
		fprintf(sink.file, "%09u\n", i);
	}
	assert_true(ferror(sink.file));
	assert_int_equal(sink_close(&sink), -ENOSPC);
	assert_int_equal(taker->refusals, 1);
	assert_in_range(taker->length, 1, 100000);
}

static void a_failure_of_the_last_piece_is_found(void **state)
{
	struct taker *taker = *state;
	struct sink sink;
	assert_int_equal(sink_open(&sink, take, taker), 0);
	fputs("short", sink.file);
	assert_int_equal(sink_close(&sink), -ENOSPC);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_of_it_arrives_in_pieces),
		CASE(the_first_failure_is_kept_and_nothing_follows_it),
		CASE(a_failure_of_the_last_piece_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

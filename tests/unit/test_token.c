/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/uring/token.h"

static void what_is_packed_comes_back(void **state)
{
	(void)state;
	const struct token tokens[] = {
		{.operation = 0, .generation = 0, .index = 0},
		{.operation = 255, .generation = 65535, .index = UINT32_MAX},
		{.operation = 1, .generation = 2, .index = 3},
		{.operation = 4, .generation = 0x8000, .index = 0x80000000},
	};
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct token token = token_unpack(token_pack(tokens[i]));
		assert_int_equal(token.operation, tokens[i].operation);
		assert_int_equal(token.generation, tokens[i].generation);
		assert_int_equal(token.index, tokens[i].index);
	}
}

static void every_field_makes_a_token_unique(void **state)
{
	(void)state;
	const struct token base = {.operation = 1, .generation = 1, .index = 1};
	struct token operation = base;
	struct token generation = base;
	struct token index = base;
	operation.operation = 2;
	generation.generation = 2;
	index.index = 2;
	assert_int_not_equal(token_pack(base), token_pack(operation));
	assert_int_not_equal(token_pack(base), token_pack(generation));
	assert_int_not_equal(token_pack(base), token_pack(index));
	assert_int_equal(token_pack(base) >> 56, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(every_field_makes_a_token_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

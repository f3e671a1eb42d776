/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/report/report.h"

/*
 * open_memstream() grows by realloc(), and shrinks its buffer by it in fclose(). Those of this
 * program come here, the C library's own included.
 */
static volatile bool fails_to_grow; /* the compiler knows realloc(), and not ours */
static volatile bool fails_to_shrink;

#if defined(__SANITIZE_ADDRESS__)
#define REALLOC_IS_OURS 0
#else
#define REALLOC_IS_OURS 1
void *__libc_realloc(void *memory, size_t size);

void *realloc(void *memory, size_t size)
{
	if ((size > 5000 && fails_to_grow) || (size <= 5000 && fails_to_shrink)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(memory, size);
}
#endif

static int final(FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)verdict;
	for (uint64_t i = 0; i < result->dialed; i++) {
		fputc('x', out);
	}
	return 0; /* as one that forgets to look */
}

static int failing_final(FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)out;
	(void)result;
	(void)verdict;
	return -EIO;
}

static const struct report_ops careless = {.name = "careless", .final = final};
static const struct report_ops failing = {.name = "failing", .final = failing_final};

static int render(uint64_t length, char **ret_text, size_t *ret_length)
{
	struct result *result = calloc(1, sizeof(*result));
	struct verdict *verdict = calloc(1, sizeof(*verdict));
	assert_non_null(result);
	assert_non_null(verdict);
	result->dialed = length;
	int r = report_render(&careless, result, verdict, ret_text, ret_length);
	free(result);
	free(verdict);
	return r;
}

static void all_of_it_is_in_memory(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {0, 1, 8191, 8192, 100000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *text = NULL;
		size_t length = 0;
		assert_int_equal(render(lengths[i], &text, &length), 0);
		assert_int_equal(length, lengths[i]);
		assert_int_equal(strlen(text), lengths[i]);
		free(text);
	}
}

/* Valgrind puts its own realloc() in the place of the C library's. */
static bool realloc_is_reached(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded == NULL || strstr(preloaded, "vgpreload") == NULL;
}

/* In the middle, and in the last step, after which fclose() still returns 0. */
static void memory_that_runs_out_is_noticed(void **state)
{
	(void)state;
	if (!REALLOC_IS_OURS || !realloc_is_reached()) {
		skip();
	}
	volatile bool *const ways[] = {&fails_to_grow, &fails_to_shrink};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char *text = (char *)"untouched";
		size_t length = 1;
		*ways[i] = true;
		int r = render(i == 0 ? 100000 : 100, &text, &length);
		*ways[i] = false;
		assert_int_equal(r, -ENOMEM);
		assert_string_equal(text, "untouched");
		assert_int_equal(length, 1);
	}
}

static void a_failure_of_the_format_is_passed_on(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(report_render(&failing, NULL, NULL, &text, &length), -EIO);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_in_memory),
		cmocka_unit_test(memory_that_runs_out_is_noticed),
		cmocka_unit_test(a_failure_of_the_format_is_passed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/result/figures.h"

static int setup(void **state)
{
	static struct result result;
	assert_int_equal(result_init(&result), 0);
	*state = &result;
	return 0;
}

static int teardown(void **state)
{
	result_finish(*state);
	return 0;
}

/* What is known from the start is known, and the rest is marked as what may be unknown. */
static void only_marked_figures_are_unknown(void **state)
{
	const struct result *result = *state;
	const struct figure *figure;
	size_t unknown = 0;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure_value(figure, result) == RESULT_UNKNOWN) {
			assert_true(figure->may_be_unknown);
			unknown++;
		}
	}
	assert_true(unknown > 20);
}

static void each_figure_has_a_place_and_a_name_of_its_own(void **state)
{
	struct result *result = *state;
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		assert_true(figure_set(figure, result, 1000 + i));
		assert_true(strlen(figure->title) > 0);
		assert_ptr_equal(figure_by_offset(figure->offset), figure);
		for (size_t j = 0; j < i; j++) {
			assert_true(figure_at(j)->group != figure->group ||
				strcmp(figure_at(j)->name, figure->name) != 0);
		}
	}
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		assert_int_equal(figure_value(figure, result), 1000 + i);
	}
	assert_null(figure_by_offset(sizeof(*result)));
}

/* A count of what was not asked is no 0, and one that was asked may be. */
static void zero_is_known_only_where_it_was_measured(void **state)
{
	struct result *result = *state;
	const struct figure *asked = figure_by_offset(offsetof(struct result, kernel.asked));
	const struct figure *last =
		figure_by_offset(offsetof(struct result, generator.last_dial_ns));
	assert_true(figure_value(asked, result) == RESULT_UNKNOWN);
	result->kernel.possible = true;
	assert_int_equal(figure_value(asked, result), 0);
	assert_true(figure_value(last, result) == RESULT_UNKNOWN);
	result->totals.dialed = 1;
	assert_int_equal(figure_value(last, result), 0);
	assert_true(figure_set(last, result, 7));
	result->totals.dialed = 0;
	assert_int_equal(figure_value(last, result), 7);
	assert_true(figure_set(last, result, RESULT_UNKNOWN));
	assert_int_equal(result->generator.last_dial_ns, 0);
}

/* A report writes a group as one object, and its unit is in the name. */
static void groups_lie_together(void **state)
{
	(void)state;
	static const char *const endings[] = {[FIGURE_COUNT] = "",
		[FIGURE_NS] = "_ns",
		[FIGURE_US] = "_us",
		[FIGURE_BYTES] = "_bytes"};
	const struct figure *figure;
	enum figure_group last = FIGURES_RUN;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		assert_true(figure->group == last || figure->group == last + 1);
		last = figure->group;
		assert_int_equal(figure_group_name(last) == NULL, last == FIGURES_RUN);
		size_t length = strlen(figure->name);
		const char *ending = endings[figure->unit];
		assert_true(length > strlen(ending));
		assert_string_equal(figure->name + length - strlen(ending), ending);
	}
	assert_int_equal(last, FIGURE_GROUPS - 1);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct result *result = *state;
	const struct figure *lanes = figure_by_offset(offsetof(struct result, generator.lanes));
	assert_true(figure_set(lanes, result, UINT32_MAX));
	assert_false(figure_set(lanes, result, UINT64_C(1) << 32));
	assert_int_equal(result->generator.lanes, UINT32_MAX);
}

/* A share is of a count of connections, and a bound lies in a figure too. */
static void metrics_refer_to_figures(void **state)
{
	(void)state;
	const struct figure *figure;
	size_t metrics = 0;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure->metric != NULL) {
			const struct figure *whole = figure_by_offset(figure->share_of);
			assert_non_null(whole);
			assert_int_equal(whole->group, FIGURES_CONNECTIONS);
			assert_true(
				figure->at_most == 0 || figure_by_offset(figure->at_most) != NULL);
			metrics++;
		}
	}
	assert_int_equal(metrics, 8);
}

static void each_figure_merges_in_its_way(void **state)
{
	struct result *into = *state;
	struct result from;
	assert_int_equal(result_init(&from), 0);
	into->totals.dialed = 10; /* sum */
	from.totals.dialed = 5;
	into->duration_ns = 10; /* the greatest */
	from.duration_ns = 5;
	into->unconfirmed = 3; /* sum, and unknown of one */
	into->unconfirmed_most = 4;
	from.unconfirmed_most = 6;
	into->first_rejected = 7; /* the least; none in the other */
	into->last_rejected = RESULT_UNKNOWN; /* the greatest; none in this one */
	from.last_rejected = 9;
	into->generator.quota_ns = 100; /* the first */
	from.generator.quota_ns = 200;
	into->machine.cpus = from.machine.cpus = 4; /* the same */
	into->machine.nofile = 1024;
	from.machine.nofile = 4096;
	figures_merge(into, &from);
	result_finish(&from);
	assert_int_equal(into->totals.dialed, 15);
	assert_int_equal(into->duration_ns, 10);
	assert_int_equal(into->unconfirmed, RESULT_UNKNOWN);
	assert_int_equal(into->unconfirmed_most, 10);
	assert_int_equal(into->first_rejected, 7);
	assert_int_equal(into->last_rejected, 9);
	assert_int_equal(into->generator.quota_ns, 100);
	assert_int_equal(into->machine.cpus, 4);
	assert_int_equal(into->machine.nofile, RESULT_UNKNOWN);
}

/* The unit at the end of a name is the figure's, so the name in base units says what it is in. */
static void each_name_has_its_base_unit(void **state)
{
	(void)state;
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		char base[FIGURE_BASE_NAME_MAX];
		const char *end = strrchr(figure_base_name(figure, base), '_');
		bool time = figure->unit == FIGURE_NS || figure->unit == FIGURE_US;
		assert_int_equal(time, end != NULL && strcmp(end, "_seconds") == 0);
		assert_int_equal(
			figure->unit == FIGURE_BYTES, end != NULL && strcmp(end, "_bytes") == 0);
		assert_int_equal(figure_per_base_unit(figure),
			figure->unit == FIGURE_NS           ? 1000000000
				: figure->unit == FIGURE_US ? 1000000
							    : 1);
		assert_null(strstr(base, "_ns"));
		assert_null(strstr(base, "_us_"));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_marked_figures_are_unknown),
		TEST(each_figure_has_a_place_and_a_name_of_its_own),
		TEST(zero_is_known_only_where_it_was_measured),
		TEST(groups_lie_together),
		TEST(what_does_not_fit_is_refused),
		TEST(metrics_refer_to_figures),
		TEST(each_figure_merges_in_its_way),
		TEST(each_name_has_its_base_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

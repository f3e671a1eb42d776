/* SPDX-License-Identifier: MIT */
/* What the tests of the rules share: a result to fill, and which findings it gives. */
#ifndef TCPGOON_TESTS_DIAGNOSE_FIXTURE_H
#define TCPGOON_TESTS_DIAGNOSE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "round_trip.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/verdict/diagnose.h"

struct fixture {
	struct result result;
	struct findings findings;
};

static inline int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(result_init(&fixture.result), 0);
	fixture.result.settings.dial_timeout_ns = 5 * NSEC_PER_SEC;
	*state = &fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	result_finish(&fixture->result);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* As many more came up and stay. */
static inline void establish(struct fixture *fixture, uint64_t count)
{
	struct result *result = &fixture->result;
	result->totals.dialed += count;
	result->totals.established += count;
	result->at_end.total += count;
	result->at_end.established += count;
}

/* As many more did not come up; local ones were not dialled. */
static inline void reject(struct fixture *fixture, enum cause cause, uint64_t count)
{
	struct result *result = &fixture->result;
	if (cause_side(cause) != CAUSE_SIDE_LOCAL) {
		uint64_t waited_ns =
			cause == CAUSE_TIMED_OUT ? result->settings.dial_timeout_ns : NSEC_PER_MSEC;
		result->totals.dialed += count;
		histogram_record_n(&result->times[TIMES_FAILURE], waited_ns / NSEC_PER_USEC, count);
	}
	result->at_end.total += count;
	result->totals.failed += count;
	result->causes[cause].count += count;
}

/* One of those that came up was dropped, so long after that. */
static inline void drop(
	struct fixture *fixture, enum cause cause, uint64_t at_ms, uint64_t lifetime_ms)
{
	struct result *result = &fixture->result;
	struct cause_tally *tally = &result->causes[cause];
	uint64_t at_ns = at_ms * NSEC_PER_MSEC;
	assert_true(result->at_end.established > 0);
	result->at_end.established--;
	result->totals.dropped++;
	tally->first_ns = tally->count == 0 ? at_ns : tally->first_ns;
	tally->last_ns = at_ns;
	tally->count++;
	histogram_record(&result->times[TIMES_LIFETIME], lifetime_ms * 1000);
}

static inline void listen_here(struct fixture *fixture, uint32_t backlog)
{
	fixture->result.listener = (struct listener_view){
		.here = true,
		.known = true,
		.known_at_start = true,
		.known_at_end = true,
		.backlog = backlog,
		.dropped = RESULT_UNKNOWN,
	};
}

static inline void leave(struct fixture *fixture)
{
	fixture->result.listener.known_at_end = false;
}

/* NULL where there is no such finding. */
static inline const struct finding *find(struct fixture *fixture, const char *name)
{
	assert_survives(&fixture->result);
	diagnose(&fixture->result, &fixture->findings);
	for (size_t i = 0; i < fixture->findings.count; i++) {
		if (strcmp(fixture->findings.list[i].name, name) == 0) {
			return &fixture->findings.list[i];
		}
	}
	return NULL;
}

static inline void assert_no(struct fixture *fixture, const char *name)
{
	const struct finding *finding = find(fixture, name);
	if (finding != NULL) {
		fail_msg("%s: %s", name, finding->evidence);
	}
}

/* It is found, of so many connections, and says this; each text ends as a sentence does. */
static inline void assert_finding(
	struct fixture *fixture, const char *name, uint64_t count, const char *evidence)
{
	const struct finding *finding = find(fixture, name);
	if (finding == NULL) {
		fail_msg("no %s", name);
		return;
	}
	assert_string_equal(finding->evidence, evidence);
	assert_int_equal(finding->count, count);
	assert_int_equal(finding->evidence[strlen(finding->evidence) - 1], '.');
	assert_int_equal(finding->hint[strlen(finding->hint) - 1], '.');
}

/* And it is all there is to say. */
static inline void assert_only(
	struct fixture *fixture, const char *name, uint64_t count, const char *evidence)
{
	assert_finding(fixture, name, count, evidence);
	assert_int_equal(fixture->findings.count, 1);
}

static inline void assert_nothing(struct fixture *fixture)
{
	assert_survives(&fixture->result);
	diagnose(&fixture->result, &fixture->findings);
	if (fixture->findings.count > 0) {
		fail_msg("%s", fixture->findings.list[0].evidence);
	}
}

#endif

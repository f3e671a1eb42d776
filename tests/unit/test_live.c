/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

#define TOTAL 10000
#define PERIOD_NS NSEC_PER_MSEC

struct fixture {
	struct result result;
	struct live live;
	struct canvas canvas;
	char text[CANVAS_ROWS_MAX * CANVAS_LINE_MAX];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(result_init(&fixture->result), 0);
	const struct settings settings = {
		.host = "127.0.0.1", .ports = "8080", .hold_ns = 300 * NSEC_PER_SEC};
	assert_int_equal(result_set_settings(&fixture->result, &settings), 0);
	assert_int_equal(address_parse_literal("127.0.0.1", 8080, &fixture->result.target), 0);
	fixture->result.schedule = schedule_every(PERIOD_NS, 1);
	fixture->result.at_end =
		(struct snapshot){.total = TOTAL, .not_initiated = TOTAL, .queued = 0, .due = 1};
	live_init(&fixture->live, true, false);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

/* The run after so many seconds, at a dial a millisecond: of 1000 ten fail and five are dropped. */
static void advance(struct fixture *fixture, uint64_t elapsed_ns)
{
	struct result *result = &fixture->result;
	struct snapshot *now = &result->at_end;
	uint64_t dialed = elapsed_ns / PERIOD_NS;
	dialed = dialed < TOTAL ? dialed : TOTAL;
	uint64_t before = result->totals.dialed;
	result->totals.dialed = dialed;
	result->totals.failed = dialed / 100;
	result->totals.dropped = dialed / 200;
	now->elapsed_ns = elapsed_ns;
	now->due = dialed;
	now->not_initiated = TOTAL - dialed;
	now->dialing = dialed < TOTAL ? 12 : 0;
	now->failed = result->totals.failed;
	now->closed = result->totals.dropped;
	now->established = dialed - now->dialing - now->failed - now->closed;
	result->duration_ns = elapsed_ns;
	result->generator.last_dial_ns = (dialed - 1) * PERIOD_NS;
	histogram_record_n(&result->times[TIMES_CONNECT], 48, dialed - before);
	histogram_record_n(&result->times[TIMES_LAG], 5, dialed - before);
	result->causes[CAUSE_REFUSED] =
		(struct cause_tally){.count = now->failed, .last_ns = elapsed_ns};
	result->causes[CAUSE_RESET_BY_PEER] =
		(struct cause_tally){.count = now->closed, .last_ns = elapsed_ns - NSEC_PER_SEC};
	live_update(&fixture->live, result, elapsed_ns);
}

/* As frames come: sixteen a second. */
static void run_until(struct fixture *fixture, uint64_t until_ns)
{
	for (uint64_t ns = fixture->live.elapsed_ns; ns < until_ns; ns += NSEC_PER_SEC / 16) {
		advance(fixture, ns > 0 ? ns : 20 * NSEC_PER_MSEC);
	}
	advance(fixture, until_ns);
}

/* A frame of that size as lines. */
static const char *frame(struct fixture *fixture, unsigned columns, unsigned rows)
{
	char *at = fixture->text;
	live_draw(&fixture->live, &fixture->result, columns, rows, &fixture->canvas);
	for (unsigned row = 0; row < fixture->canvas.rows; row++) {
		at += canvas_line(&fixture->canvas, row, at);
		*at++ = '\n';
	}
	*at = '\0';
	return fixture->text;
}

static void a_run_that_begins(void **state)
{
	struct fixture *fixture = *state;
	live_update(&fixture->live, &fixture->result, 0);
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                           dialing  0:10 left, then 5m0s of hold\n"
		" ·····························································   0.0% of 10,000\n"
		" established      0      dialing      0      failed      0      dropped      0\n"
		"\n"
		" pace                  - kept    1,000/s asked     on time\n"
		" accept queue          0 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect               -        -        -        -        -           0\n"
		" lag                   -        -        -        -        -           0\n"
		"\n"
		" open     10,000\n"
		"\n"
		"\n"
		"\n"
		"\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		"\n"
		" nothing failed or dropped\n"
		"\n"
		"\n");
}

static void while_dialing_at_80x24(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                           dialing  0:04 left, then 5m0s of hold\n"
		" █████████████████████████████████████▓·······················  62.3% of 10,000\n"
		" established  6,145      dialing     12      failed     62      dropped     31\n"
		"\n"
		" pace            1,000/s kept    1,000/s asked     on time\n"
		" accept queue          0 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect            48µs     48µs     48µs     48µs     48µs       6,000\n"
		" lag                 5µs      5µs      5µs      5µs      5µs       6,000\n"
		"\n"
		" open     10,000\n"
		"                                                                            ▁\n"
		"                                                                          ▃▇█\n"
		"                                                                        ▄▇███\n"
		"                                                                      ▄██████\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		"\n"
		" causes               62  connection refused (remote)              last at 6.2s\n"
		"                      31  reset by the peer (remote)               last at 5.2s\n"
		"\n");
}

static void while_dialing_at_120x40(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 120, 40),
		"\n"
		" 127.0.0.1:8080                                                                   dialing  0:04 left, then 5m0s of hold\n"
		" ██████████████████████████████████████████████████████████████▒······································  62.3% of 10,000\n"
		" established  6,145      dialing     12      failed     62      dropped     31\n"
		"\n"
		" pace            1,000/s kept    1,000/s asked     on time\n"
		" accept queue          0 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect            48µs     48µs     48µs     48µs     48µs       6,000\n"
		" lag                 5µs      5µs      5µs      5µs      5µs       6,000\n"
		"\n"
		" open     10,000                                                               causes\n"
		"                                                                                    62  connection refused (remote)\n"
		"                                                                                    31  reset by the peer (remote)\n"
		"                                                                            ▁\n"
		"                                                                           ▇█\n"
		"           5,000                                                          ▇██\n"
		"                                                                         ▇███\n"
		"                                                                        ▇████\n"
		"                                                                       ▇█████\n"
		"                                                                      ▇██████\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		" dials/s   1,000                                                      ▇█████\n"
		" failed/s     10                                                      ▇█████\n"
		" dropped/s     5                                                      ▆█████\n");
}

static void while_dialing_at_40x10(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 40, 10),
		"\n"
		" 127.0.0.1:8080      dialing  0:04 left\n"
		" ███████████████████············  62.3%\n"
		" established  6,145  dialing     12\n"
		" failed          62  dropped     31\n"
		" pace          1,000/s of 1,000/s\n"
		" connect       p50 48µs     p99 48µs\n"
		" open, last 60s                   ▂▅▅\n"
		"      62  connection refused (remote)\n");
}

static void while_dialing_at_20x5(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 20, 5),
		"\n"
		" dialing  0:04 left\n"
		" ███████····  62.3%\n"
		" open 6,145 dial 12\n"
		" fail 62 drop 31\n");
}

static void in_ascii(void **state)
{
	struct fixture *fixture = *state;
	fixture->live.utf8 = false;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                           dialing  0:04 left, then 5m0s of hold\n"
		" #####################################o.......................  62.3% of 10,000\n"
		" established  6,145      dialing     12      failed     62      dropped     31\n"
		"\n"
		" pace            1,000/s kept    1,000/s asked     on time\n"
		" accept queue          0 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect            48us     48us     48us     48us     48us       6,000\n"
		" lag                 5us      5us      5us      5us      5us       6,000\n"
		"\n"
		" open     10,000\n"
		"\n"
		"                                                                          .##\n"
		"                                                                        .####\n"
		"                                                                      .######\n"
		"               0 60s ago -------------------- 30s ----------------------- now\n"
		"\n"
		" causes               62  connection refused (remote)              last at 6.2s\n"
		"                      31  reset by the peer (remote)               last at 5.2s\n"
		"\n");
}

static void hold(struct fixture *fixture, uint64_t until_ns)
{
	const struct event event = {.kind = EVENT_HOLDING,
		.elapsed_ns = 10 * NSEC_PER_SEC,
		.count = 9850,
		.duration_ns = 300 * NSEC_PER_SEC};
	run_until(fixture, event.elapsed_ns);
	live_event(&fixture->live, &event);
	run_until(fixture, until_ns);
}

/* The last minute is all hold, and there is a column for each second of it. */
static void while_holding(void **state)
{
	struct fixture *fixture = *state;
	hold(fixture, 100 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	fixture->result.at_end.queued = 1234;
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                                      holding  3:30 left of 5m0s\n"
		" ████████████████████████████████████████████████████████████▒ 100.0% of 10,000\n"
		" established  9,850      dialing      0      failed    100      dropped     50\n"
		"\n"
		" pace            1,000/s kept    1,000/s asked\n"
		" accept queue      1,234 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect            48µs     48µs     48µs     48µs     48µs      10,000\n"
		" lag                 5µs      5µs      5µs      5µs      5µs      10,000\n"
		"\n"
		" open     10,000 ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		"\n"
		" causes              100  connection refused (remote)            last at 100.2s\n"
		"                      50  reset by the peer (remote)              last at 99.2s\n"
		"\n");
}

/* With the handshakes, which the kernel was asked about meanwhile. */
static void when_it_is_over(void **state)
{
	struct fixture *fixture = *state;
	hold(fixture, 100 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	fixture->result.end = RESULT_INTERRUPTED;
	histogram_record_n(&fixture->result.times[TIMES_HANDSHAKE], 17, 9850);
	live_end(&fixture->live, &fixture->result);
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                                       interrupted after 1m40.2s\n"
		" ████████████████████████████████████████████████████████████▒ 100.0% of 10,000\n"
		" established  9,850      dialing      0      failed    100      dropped     50\n"
		"\n"
		" pace            1,000/s kept    1,000/s asked\n"
		" accept queue          0 waiting\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake          17µs     17µs     17µs     17µs     17µs       9,850\n"
		" connect            48µs     48µs     48µs     48µs     48µs      10,000\n"
		" lag                 5µs      5µs      5µs      5µs      5µs      10,000\n"
		"\n"
		" open     10,000 ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"                 ████████████████████████████████████████████████████████████\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		"\n"
		" causes              100  connection refused (remote)            last at 100.2s\n"
		"                      50  reset by the peer (remote)              last at 99.2s\n"
		"\n");
}

static void colours_are_used_sparingly(void **state)
{
	struct fixture *fixture = *state;
	fixture->live.colours = true;
	run_until(fixture, 2 * NSEC_PER_SEC);
	assert_string_equal(frame(fixture, 40, 10),
		"\n"
		" \033[0;1m127.0.0.1:8080      \033[0mdialing  0:08 left\n"
		" \033[0;36m━━━━━━\033[0;2m━━━━━━━━━━━━━━━━━━━━━━━━━  \033[0;1m19.8%\033[0m\n"
		" \033[0;2mestablished  \033[0;1m1,958  \033[0;2mdialing     \033[0m12\n"
		" \033[0;2mfailed          \033[0;31m20  \033[0;2mdropped     \033[0;33m10\033[0m\n"
		" \033[0;2mpace          \033[0m1,000/s of 1,000/s\n"
		" \033[0;2mconnect       p50 \033[0m48µs     \033[0;2mp99 \033[0m48µs\n"
		" \033[0;2mopen, last 60s                     \033[0;36m▂\033[0m\n"
		"      \033[0;31m20  \033[0mconnection refused \033[0;2m(remote)\033[0m\n");
}

/* Numbers without commas, as four of them must fit. */
static void the_largest_run_fits(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	const uint64_t total = SETTINGS_CONNECTIONS_MAX;
	result->schedule = schedule_every(0, 1);
	result->totals.dialed = total;
	result->at_end = (struct snapshot){.elapsed_ns = 60 * NSEC_PER_SEC,
		.total = total,
		.established = total - 8000000,
		.closed = 4000000,
		.failed = 4000000,
		.due = RESULT_UNKNOWN,
		.queued = RESULT_UNKNOWN};
	live_update(&fixture->live, result, result->at_end.elapsed_ns);
	assert_string_equal(frame(fixture, 80, 24),
		"\n"
		" 127.0.0.1:8080                           dialing  0:00 left, then 5m0s of hold\n"
		" ██████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒▒▒▒▒ 100.0% of 16,777,216\n"
		" established  8777216   dialing        0   failed  4000000   dropped  4000000\n"
		"\n"
		" pace                  - kept    no pace asked\n"
		"\n"
		"                     p50      p90      p99    p99.9      max       count\n"
		" handshake        the kernel is asked when the run is over\n"
		" connect               -        -        -        -        -           0\n"
		"\n"
		" open 16,777,216\n"
		"\n"
		"                                                                            ▁\n"
		"       8,388,608                                                            █\n"
		"                                                                            █\n"
		"                                                                            █\n"
		"               0 60s ago ──────────────────── 30s ─────────────────────── now\n"
		"\n"
		" nothing failed or dropped\n"
		"\n"
		"\n"
		"\n");
}

/* Without a pace what is left is reckoned from the rate of the last two seconds. */
static void without_a_pace_the_rate_says_what_is_left(void **state)
{
	struct fixture *fixture = *state;
	fixture->result.schedule = schedule_every(0, 1);
	fixture->result.at_end.due = RESULT_UNKNOWN;
	run_until(fixture, 6 * NSEC_PER_SEC + 250 * NSEC_PER_MSEC);
	fixture->result.at_end.due = RESULT_UNKNOWN;
	assert_string_equal(frame(fixture, 40, 10),
		"\n"
		" 127.0.0.1:8080      dialing  0:04 left\n"
		" ███████████████████············  62.3%\n"
		" established  6,145  dialing     12\n"
		" failed          62  dropped     31\n"
		" pace          1,000/s\n"
		" connect       p50 48µs     p99 48µs\n"
		" open, last 60s                   ▂▅▅\n"
		"      62  connection refused (remote)\n");
}

/* In a ramp it is that of the instant, and of the whole when it is over. */
static void the_pace_asked_is_that_of_now(void **state)
{
	struct fixture *fixture = *state;
	struct schedule *schedule = &fixture->result.schedule;
	run_until(fixture, 4 * NSEC_PER_SEC);
	*schedule = (struct schedule){0};
	assert_true(schedule_add_stage(schedule, 0, 2000 * SCHEDULE_PER_S, 10 * NSEC_PER_SEC));
	assert_non_null(strstr(frame(fixture, 80, 24), "      800/s asked"));
	assert_non_null(strstr(frame(fixture, 80, 24), "dialing  0:06 left"));
	assert_non_null(strstr(frame(fixture, 40, 10), " of 800/s"));
	live_end(&fixture->live, &fixture->result);
	/* 4000 dials: the last was due at the square root of 3999 / 100. */
	assert_non_null(strstr(frame(fixture, 80, 24), "      632/s asked"));
}

static void more_than_a_moment_late_is_behind(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 3 * NSEC_PER_SEC);
	fixture->result.at_end.not_initiated += 10;
	assert_non_null(strstr(frame(fixture, 80, 24), "  on time"));
	fixture->result.at_end.not_initiated++;
	assert_non_null(strstr(frame(fixture, 80, 24), "       11 behind"));
}

/* Slow paces have a decimal, and a hundred a second has none, by whichever side it is reached. */
static void rates_have_as_many_digits_as_they_need(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	live_end(&fixture->live, result);
	result->totals.dialed = 1001;
	result->schedule = schedule_every(10 * NSEC_PER_MSEC, 1);
	result->generator.last_dial_ns = 10000100000;
	assert_non_null(strstr(frame(fixture, 80, 24), "  100/s kept      100/s asked"));
	result->generator.last_dial_ns = 80 * NSEC_PER_SEC;
	assert_non_null(strstr(frame(fixture, 80, 24), " 12.5/s kept"));
}

/* Of more causes than rows, those that came last, in the order in which they first came. */
static void the_latest_causes_are_shown(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, NSEC_PER_SEC);
	for (int i = 0; i < 5; i++) {
		fixture->result.causes[CAUSE_TIMED_OUT + i] = (struct cause_tally){
			.count = 1, .last_ns = (uint64_t)(9 - i) * NSEC_PER_SEC};
	}
	live_update(&fixture->live, &fixture->result, NSEC_PER_SEC);
	const char *text = frame(fixture, 80, 24);
	const char *first = strstr(text, "no answer in time");
	assert_non_null(first);
	assert_non_null(strstr(first, "network unreachable"));
	assert_non_null(strstr(first, "host unreachable"));
	assert_null(strstr(text, "administratively prohibited"));
}

/* A stall of the program: no frame for ten seconds, and then as if nothing had happened. */
static void a_gap_keeps_the_last_values(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 2 * NSEC_PER_SEC);
	advance(fixture, 12 * NSEC_PER_SEC);
	uint64_t before = fixture->live.steps[4].established;
	for (unsigned i = 5; i < 24; i++) {
		assert_int_equal(fixture->live.steps[i].established, before);
	}
	advance(fixture, 3600 * NSEC_PER_SEC);
	assert_int_equal(fixture->live.step, 7200);
	for (unsigned i = 7100; i < 7200; i++) {
		assert_int_equal(fixture->live.steps[i % LIVE_STEPS_KEPT].established, 9850);
	}
}

/* Whatever its size, the frame stays within it: lines, and columns of lines. */
static void no_line_is_longer_than_the_terminal(void **state)
{
	struct fixture *fixture = *state;
	run_until(fixture, 6 * NSEC_PER_SEC);
	for (unsigned columns = 1; columns < 140; columns++) {
		for (unsigned rows = 1; rows < 50; rows++) {
			live_draw(
				&fixture->live, &fixture->result, columns, rows, &fixture->canvas);
			assert_true(fixture->canvas.rows <= rows);
			for (unsigned row = 0; row < fixture->canvas.rows; row++) {
				char line[CANVAS_LINE_MAX];
				canvas_line(&fixture->canvas, row, line);
				assert_true(canvas_width(line) < columns);
				assert_true(row > 0 || line[0] == '\0');
			}
		}
	}
}

/* A name that could move what is behind it gives way to the address. */
static void a_host_that_is_no_plain_word_is_shown_as_its_address(void **state)
{
	struct fixture *fixture = *state;
	const struct settings settings = {.host = "b\xc3\xbc"
						  "cher.example\033[2J",
		.ports = "80-81"};
	result_settings_finish(&fixture->result.settings);
	assert_int_equal(result_set_settings(&fixture->result, &settings), 0);
	assert_non_null(strstr(frame(fixture, 80, 24), " 127.0.0.1:80-81  "));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_run_that_begins),
		CASE(while_dialing_at_80x24),
		CASE(while_dialing_at_120x40),
		CASE(while_dialing_at_40x10),
		CASE(while_dialing_at_20x5),
		CASE(in_ascii),
		CASE(while_holding),
		CASE(when_it_is_over),
		CASE(colours_are_used_sparingly),
		CASE(the_largest_run_fits),
		CASE(without_a_pace_the_rate_says_what_is_left),
		CASE(the_pace_asked_is_that_of_now),
		CASE(more_than_a_moment_late_is_behind),
		CASE(rates_have_as_many_digits_as_they_need),
		CASE(the_latest_causes_are_shown),
		CASE(a_gap_keeps_the_last_values),
		CASE(no_line_is_longer_than_the_terminal),
		CASE(a_host_that_is_no_plain_word_is_shown_as_its_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/lives.h"
#include "tcpgoon/base/clock.h"

#define SLOTS 8
#define START_NS (1000 * NSEC_PER_SEC)

struct fixture {
	struct behaviour behaviour;
	struct lives lives;
};

static uint64_t after_ms(uint64_t ms)
{
	return START_NS + ms * NSEC_PER_MSEC;
}

static struct place at(uint32_t slot)
{
	return (struct place){.block = 0, .slot = slot};
}

static void give(struct fixture *fixture, enum behave word, uint64_t value)
{
	fixture->behaviour.given |= UINT32_C(1) << word;
	fixture->behaviour.value[word] = value;
}

static void start(struct fixture *fixture)
{
	lives_init(&fixture->lives, &fixture->behaviour, SLOTS);
	assert_int_equal(lives_add_block(&fixture->lives), 0);
}

static void assert_step(
	struct fixture *fixture, uint64_t now_ns, enum life_step step, uint32_t slot)
{
	struct place place;
	enum life_step found;
	assert_true(lives_due_ns(&fixture->lives) <= now_ns);
	assert_true(lives_take_due(&fixture->lives, now_ns, &place, &found));
	assert_int_equal(found, step);
	assert_int_equal(place.slot, slot);
}

static void assert_none(struct fixture *fixture, uint64_t now_ns, uint64_t due_ns)
{
	struct place place;
	enum life_step found;
	assert_false(lives_take_due(&fixture->lives, now_ns, &place, &found));
	assert_int_equal(lives_due_ns(&fixture->lives), due_ns);
}

static void without_a_behaviour_nothing_is_kept(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	start(&fixture);
	lives_begin(&fixture.lives, at(0), START_NS);
	assert_int_equal(fixture.lives.ages.block_count, 0);
	assert_int_equal(fixture.lives.pauses.block_count, 0);
	assert_false(lives_pause(&fixture.lives, at(0), START_NS));
	assert_none(&fixture, after_ms(1000000), CLOCK_NEVER);
	lives_end(&fixture.lives, at(0));
	lives_finish(&fixture.lives);
}

static void each_is_closed_when_its_time_is_over(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	give(&fixture, BEHAVE_CLOSE_AFTER, 100 * NSEC_PER_MSEC);
	start(&fixture);
	assert_none(&fixture, START_NS, CLOCK_NEVER);
	lives_begin(&fixture.lives, at(4), after_ms(0));
	lives_begin(&fixture.lives, at(1), after_ms(10));
	lives_begin(&fixture.lives, at(2), after_ms(10));
	assert_none(&fixture, after_ms(99), after_ms(100));
	assert_step(&fixture, after_ms(100), LIFE_CLOSE, 4);
	assert_none(&fixture, after_ms(100), after_ms(110));
	lives_end(&fixture.lives, at(1)); /* by its peer */
	assert_step(&fixture, after_ms(111), LIFE_CLOSE, 2);
	assert_none(&fixture, after_ms(111), CLOCK_NEVER);
	lives_end(&fixture.lives, at(4)); /* as all do in the end */
	lives_finish(&fixture.lives);
}

static void the_oldest_of_too_many_is_recycled(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	give(&fixture, BEHAVE_RECYCLE_OLDEST, 2);
	give(&fixture, BEHAVE_RESET_AFTER, NSEC_PER_SEC);
	start(&fixture);
	lives_begin(&fixture.lives, at(0), after_ms(0));
	lives_begin(&fixture.lives, at(1), after_ms(1));
	assert_none(&fixture, after_ms(2), after_ms(1000));
	lives_begin(&fixture.lives, at(2), after_ms(2));
	lives_begin(&fixture.lives, at(3), after_ms(2));
	assert_step(&fixture, after_ms(2), LIFE_RECYCLE, 0);
	assert_step(&fixture, after_ms(2), LIFE_RECYCLE, 1);
	assert_none(&fixture, after_ms(2), after_ms(1002));
	assert_step(&fixture, after_ms(1002), LIFE_RESET, 2);
	lives_finish(&fixture.lives);
}

static void silence_comes_once_and_then_the_end(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	give(&fixture, BEHAVE_SILENT_AFTER, 10 * NSEC_PER_MSEC);
	give(&fixture, BEHAVE_CLOSE_AFTER, 50 * NSEC_PER_MSEC);
	start(&fixture);
	lives_begin(&fixture.lives, at(0), after_ms(0));
	lives_begin(&fixture.lives, at(1), after_ms(5));
	lives_begin(&fixture.lives, at(2), after_ms(20));
	assert_step(&fixture, after_ms(10), LIFE_SILENCE, 0);
	assert_none(&fixture, after_ms(10), after_ms(15));
	lives_end(&fixture.lives, at(1)); /* the next one to fall silent */
	assert_none(&fixture, after_ms(20), after_ms(30));
	assert_step(&fixture, after_ms(30), LIFE_SILENCE, 2);
	lives_begin(&fixture.lives, at(1), after_ms(40));
	assert_none(&fixture, after_ms(40), after_ms(50));
	assert_step(&fixture, after_ms(50), LIFE_CLOSE, 0);
	assert_step(&fixture, after_ms(50), LIFE_SILENCE, 1);
	assert_step(&fixture, after_ms(70), LIFE_CLOSE, 2);
	assert_step(&fixture, after_ms(90), LIFE_CLOSE, 1);
	assert_none(&fixture, after_ms(90), CLOCK_NEVER);
	lives_finish(&fixture.lives);
}

static void reading_pauses_and_is_resumed(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	give(&fixture, BEHAVE_SLOW_READ, 1000);
	give(&fixture, BEHAVE_SILENT_AFTER, 150 * NSEC_PER_MSEC);
	start(&fixture);
	assert_int_equal(fixture.lives.read_size, 100);
	lives_begin(&fixture.lives, at(0), after_ms(0));
	lives_begin(&fixture.lives, at(1), after_ms(0));
	assert_true(lives_pause(&fixture.lives, at(1), after_ms(1)));
	assert_true(lives_pause(&fixture.lives, at(0), after_ms(2)));
	assert_none(&fixture, after_ms(100), after_ms(101));
	assert_step(&fixture, after_ms(102), LIFE_RESUME, 1);
	assert_step(&fixture, after_ms(102), LIFE_RESUME, 0);
	assert_true(lives_pause(&fixture.lives, at(0), after_ms(102)));
	assert_step(&fixture, after_ms(150), LIFE_SILENCE, 0); /* also from its pause */
	assert_step(&fixture, after_ms(150), LIFE_SILENCE, 1);
	assert_none(&fixture, after_ms(1000), CLOCK_NEVER);
	lives_finish(&fixture.lives);
}

static void a_slow_read_of_any_rate_is_no_faster(void **state)
{
	(void)state;
	static const uint64_t rates[] = {1, 3, 9, 10, 15, 19, 1000, 123457, UINT64_C(1) << 30};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct fixture fixture = {0};
		give(&fixture, BEHAVE_SLOW_READ, rates[i]);
		start(&fixture);
		double rate = (double)fixture.lives.read_size * (double)NSEC_PER_SEC /
			(double)fixture.lives.pause_ns;
		assert_true(rate <= (double)rates[i] * 1.0001 && rate > (double)rates[i] * 0.9);
		lives_finish(&fixture.lives);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_behaviour_nothing_is_kept),
		cmocka_unit_test(each_is_closed_when_its_time_is_over),
		cmocka_unit_test(the_oldest_of_too_many_is_recycled),
		cmocka_unit_test(silence_comes_once_and_then_the_end),
		cmocka_unit_test(reading_pauses_and_is_resumed),
		cmocka_unit_test(a_slow_read_of_any_rate_is_no_faster),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The trial is this file's own: the linker puts it in the place of the real one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/transport/engine.h"
#include "tcpgoon/transport/transport.h"
#include "tcpgoon/uring/trial.h"

static const struct transport_params params = {
	.slots = 5, .nofile = 100, .memlock = 1 << 20, .watch_fd = 7};

int __wrap_trial_make(const struct lanes_params *lanes, struct error *error);

int __wrap_trial_make(const struct lanes_params *lanes, struct error *error)
{
	assert_int_equal(lanes->slots, params.slots);
	assert_int_equal(lanes->table_max, params.nofile);
	assert_int_equal(lanes->memlock, params.memlock);
	assert_int_equal(lanes->watch_fd, params.watch_fd);
	int r = (int)mock();
	return r < 0 ? error_set(error, r, "it is refused") : r;
}

static void each_has_the_name_that_is_asked_for(void **state)
{
	(void)state;
	assert_string_equal(engine_names[ENGINE_AUTO], "auto");
	assert_string_equal(engine_names[ENGINE_IO_URING], "io_uring");
	assert_string_equal(engine_names[ENGINE_EPOLL], "epoll");
	assert_null(engine_names[ENGINE_MAX]);
}

static void io_uring_where_it_can_be_had(void **state)
{
	(void)state;
	for (int wanted = ENGINE_AUTO; wanted <= ENGINE_IO_URING; wanted++) {
		struct error error = ERROR_INIT;
		enum engine engine = ENGINE_MAX;
		will_return(__wrap_trial_make, 0);
		assert_int_equal(engine_resolve((enum engine)wanted, &params, &engine, &error), 0);
		assert_int_equal(engine, ENGINE_IO_URING);
		assert_string_equal(error.text, "");
	}
}

static void epoll_takes_its_place_and_says_why(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	enum engine engine = ENGINE_MAX;
	will_return(__wrap_trial_make, -EPERM);
	assert_int_equal(engine_resolve(ENGINE_AUTO, &params, &engine, &error), 1);
	assert_int_equal(engine, ENGINE_EPOLL);
	assert_string_equal(
		error.text, "using epoll because io_uring is not available: it is refused");
}

static void nothing_takes_its_place_where_it_was_asked_for(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	enum engine engine = ENGINE_MAX;
	will_return(__wrap_trial_make, -ENOSYS);
	assert_int_equal(engine_resolve(ENGINE_IO_URING, &params, &engine, &error), -ENOSYS);
	assert_int_equal(engine, ENGINE_MAX);
	assert_string_equal(error.text, "it is refused");
}

static void epoll_is_taken_without_a_trial(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	enum engine engine = ENGINE_MAX;
	assert_int_equal(engine_resolve(ENGINE_EPOLL, &params, &engine, &error), 0);
	assert_int_equal(engine, ENGINE_EPOLL);
	assert_string_equal(error.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_the_name_that_is_asked_for),
		cmocka_unit_test(io_uring_where_it_can_be_had),
		cmocka_unit_test(epoll_takes_its_place_and_says_why),
		cmocka_unit_test(nothing_takes_its_place_where_it_was_asked_for),
		cmocka_unit_test(epoll_is_taken_without_a_trial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

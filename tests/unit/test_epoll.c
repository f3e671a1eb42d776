/* SPDX-License-Identifier: MIT */
/* What epoll takes. What comes of its connections: tests/transport. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/transport/transport.h"

static struct transport_params params_of(uint64_t slots, uint64_t nofile)
{
	return (struct transport_params){
		.slots = slots,
		.nofile = nofile,
		.watch_fd = -1,
		.fin = true,
	};
}

static void each_connection_takes_a_descriptor_and_no_locked_memory(void **state)
{
	(void)state;
	struct transport_needs few;
	struct transport_needs many;
	const struct transport_params one = params_of(1, 1024);
	const struct transport_params million = params_of(1000001, 1024);
	transport_epoll.needs(&one, &few);
	transport_epoll.needs(&million, &many);
	assert_true(few.descriptors > 8); /* the standard streams and what else a run has open */
	assert_int_equal(many.descriptors - few.descriptors, 1000000);
	assert_true(many.descriptor_each);
	assert_int_equal(many.queues, 1);
	assert_int_equal(many.slots_per_queue, 1000001);
	assert_int_equal(many.locked_memory, 0);
}

/* What systemd and most shells give. */
static void a_thousand_connections_fit_a_limit_of_1024(void **state)
{
	(void)state;
	struct transport_needs needs;
	const struct transport_params params = params_of(1000, 1024);
	transport_epoll.needs(&params, &needs);
	assert_true(needs.descriptors <= 1024);
}

static void a_trial_leaves_nothing_behind(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	const struct transport_params params = params_of(1000, 1024);
	int before = dup(0);
	close(before);
	assert_int_equal(transport_epoll.try_out(&params, &error), 0);
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* That of open files is no reason: who is told of it may dial all the same, as far as it goes. */
static void a_trial_says_which_limit_is_too_low(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct transport_params params = params_of(2000, 1024);
	assert_int_equal(transport_epoll.try_out(&params, &error), 0);
	/* More watches than any kernel gives a user. */
	params = params_of(UINT64_C(1) << 40, UINT64_MAX);
	assert_int_equal(transport_epoll.try_out(&params, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "fs.epoll.max_user_watches"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_connection_takes_a_descriptor_and_no_locked_memory),
		cmocka_unit_test(a_thousand_connections_fit_a_limit_of_1024),
		cmocka_unit_test(a_trial_leaves_nothing_behind),
		cmocka_unit_test(a_trial_says_which_limit_is_too_low),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

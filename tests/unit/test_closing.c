/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/closing.h"
#include "tcpgoon/base/clock.h"

/* A FIN that was sent again so often, on a path of that round trip; the timeout began at 200 ms. */
static struct sockdiag_socket waiting(uint8_t retransmits, uint32_t rtt_ms)
{
	return (struct sockdiag_socket){
		.state = TCP_FIN_WAIT1,
		.has_info = true,
		.retransmits = retransmits,
		.rtt_us = rtt_ms * 1000,
		.rto_us = UINT32_C(200000) << retransmits,
	};
}

static void the_state_tells_what_was_answered(void **state)
{
	(void)state;
	static const struct {
		uint8_t state;
		enum fin_fate fate;
	} rows[] = {
		{TCP_TIME_WAIT, FIN_ACKNOWLEDGED},
		{TCP_FIN_WAIT2, FIN_ACKNOWLEDGED},
		{TCP_CLOSING, FIN_ACKNOWLEDGED},
		{TCP_LAST_ACK, FIN_ACKNOWLEDGED},
		{TCP_FIN_WAIT1, FIN_WAITING},
		{TCP_ESTABLISHED, FIN_WAITING},
		{TCP_CLOSE, FIN_GONE},
		{0, FIN_GONE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sockdiag_socket socket = {.state = rows[i].state};
		assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), rows[i].fate);
	}
}

static void what_was_sent_once_may_be_on_its_way(void **state)
{
	(void)state;
	const struct sockdiag_socket socket = waiting(0, 1);
	assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), FIN_WAITING);
}

static void what_was_sent_again_is_given_its_round_trip(void **state)
{
	(void)state;
	struct sockdiag_socket socket = waiting(1, 50);
	/* Sent again at 200 ms, and the answer is due 50 ms later: twice that is allowed. */
	assert_int_equal(closing_fate(&socket, 299 * NSEC_PER_MSEC), FIN_WAITING);
	assert_int_equal(closing_fate(&socket, 300 * NSEC_PER_MSEC), FIN_UNANSWERED);
	socket = waiting(3, 50);
	assert_int_equal(closing_fate(&socket, 299 * NSEC_PER_MSEC), FIN_WAITING);
	assert_int_equal(closing_fate(&socket, 300 * NSEC_PER_MSEC), FIN_UNANSWERED);
	/* A path of 1.5 s: nothing can be said after 2 s. */
	socket = waiting(1, 1500);
	assert_int_equal(closing_fate(&socket, 2 * NSEC_PER_SEC), FIN_WAITING);
}

static void without_its_numbers_nothing_is_said(void **state)
{
	(void)state;
	struct sockdiag_socket socket = waiting(3, 1);
	socket.has_info = false;
	assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), FIN_WAITING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_tells_what_was_answered),
		cmocka_unit_test(what_was_sent_once_may_be_on_its_way),
		cmocka_unit_test(what_was_sent_again_is_given_its_round_trip),
		cmocka_unit_test(without_its_numbers_nothing_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

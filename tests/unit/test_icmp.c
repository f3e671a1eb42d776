/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/icmp.h"

#include <linux/icmp.h>

static struct icmp_message unreachable(unsigned code, int error_number)
{
	return (struct icmp_message){
		.error_number = error_number,
		.told = true,
		.v4 = true,
		.type = ICMP_DEST_UNREACH,
		.code = (uint8_t)code,
	};
}

/* RFC 1122 and 1812: codes 9, 10 and 13 are an administrator's. */
static void prohibited_are_three_codes_of_unreachable(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= UINT8_MAX; code++) {
		bool prohibited = code == 9 || code == 10 || code == 13;
		struct icmp_message message = unreachable(code, EHOSTUNREACH);
		assert_int_equal(icmp_cause(&message),
			prohibited ? CAUSE_PROHIBITED : CAUSE_HOST_UNREACHABLE);
		message.type = ICMP_TIME_EXCEEDED;
		assert_int_equal(icmp_cause(&message), CAUSE_HOST_UNREACHABLE);
	}
}

static void the_codes_of_icmpv6_are_others(void **state)
{
	(void)state;
	struct icmp_message message = unreachable(ICMP_PKT_FILTERED, ENETUNREACH);
	message.v4 = false;
	assert_int_equal(icmp_cause(&message), CAUSE_NETWORK_UNREACHABLE);
}

static void what_is_not_of_icmp_has_no_code(void **state)
{
	(void)state;
	struct icmp_message message = unreachable(ICMP_PKT_FILTERED, EHOSTUNREACH);
	message.told = false;
	assert_int_equal(icmp_cause(&message), CAUSE_HOST_UNREACHABLE);
}

static void a_refused_port_is_what_errno_says(void **state)
{
	(void)state;
	const struct icmp_message message = unreachable(ICMP_PORT_UNREACH, ECONNREFUSED);
	assert_int_equal(icmp_cause(&message), CAUSE_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prohibited_are_three_codes_of_unreachable),
		cmocka_unit_test(the_codes_of_icmpv6_are_others),
		cmocka_unit_test(what_is_not_of_icmp_has_no_code),
		cmocka_unit_test(a_refused_port_is_what_errno_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

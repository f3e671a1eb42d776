/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h> /* linux/errqueue.h needs it */

#include <cmocka.h>

#include "run/icmp.h"

#include <linux/errqueue.h>
#include <linux/icmp.h>

static void only_what_hides_the_message_is_ambiguous(void **state)
{
	(void)state;
	assert_true(icmp_is_ambiguous(ENETUNREACH));
	assert_true(icmp_is_ambiguous(EHOSTUNREACH));
	assert_true(icmp_is_ambiguous(EACCES));
	const int clear[] = {0, ECONNREFUSED, ETIMEDOUT, ECONNRESET, ECANCELED, EADDRNOTAVAIL};
	for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++) {
		assert_false(icmp_is_ambiguous(clear[i]));
	}
}

/* RFC 1122 and 1812: codes 9, 10 and 13 are an administrator's. */
static void prohibited_are_three_codes_of_unreachable(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= UINT8_MAX; code++) {
		bool prohibited = code == 9 || code == 10 || code == 13;
		assert_int_equal(icmp_cause(ICMP_DEST_UNREACH, (uint8_t)code),
			prohibited ? CAUSE_PROHIBITED : CAUSE_NONE);
		assert_int_equal(icmp_cause(ICMP_TIME_EXCEEDED, (uint8_t)code), CAUSE_NONE);
	}
}

/* A question in slot 3, whose answer is a control message as the kernel writes it. */
struct fixture {
	struct icmp icmp;
	struct icmp_slot *slot;
};

static void ask(struct fixture *fixture, int error_number)
{
	icmp_init(&fixture->icmp, NULL);
	fixture->slot = &fixture->icmp.slots[3];
	fixture->slot->question = (struct icmp_question){.index = 77, .error_number = error_number};
	fixture->slot->message = (struct msghdr){
		.msg_control = fixture->slot->control,
		.msg_controllen = sizeof(fixture->slot->control),
	};
	fixture->icmp.busy = 1U << 3 | 1U << 31;
}

static void answer(struct fixture *fixture, uint8_t origin, uint8_t code, int error_number)
{
	struct msghdr *message = &fixture->slot->message;
	const struct sock_extended_err error = {
		.ee_errno = (uint32_t)error_number,
		.ee_origin = origin,
		.ee_type = ICMP_DEST_UNREACH,
		.ee_code = code,
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	part->cmsg_level = IPPROTO_IP;
	part->cmsg_type = IP_RECVERR;
	part->cmsg_len = CMSG_LEN(sizeof(error));
	memcpy(CMSG_DATA(part), &error, sizeof(error));
	message->msg_controllen = CMSG_SPACE(sizeof(error));
}

static void the_answer_tells_the_cause_and_frees_its_slot(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_answer told;
	ask(&fixture, EHOSTUNREACH);
	answer(&fixture, SO_EE_ORIGIN_ICMP, ICMP_PKT_FILTERED, EHOSTUNREACH);
	icmp_take_answer(&fixture.icmp, 3, 0, &told);
	assert_int_equal(told.cause, CAUSE_PROHIBITED);
	assert_true(told.told);
	assert_int_equal(told.question.index, 77);
	assert_int_equal(fixture.icmp.busy, 1U << 31);
}

/* Where CONNECT did not know, the errno is that of the message. */
static void the_answer_tells_an_errno_that_was_not_known(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_answer told;
	ask(&fixture, EALREADY);
	answer(&fixture, SO_EE_ORIGIN_ICMP, ICMP_PORT_UNREACH, ECONNREFUSED);
	icmp_take_answer(&fixture.icmp, 3, 0, &told);
	assert_int_equal(told.cause, CAUSE_REFUSED);
	assert_int_equal(told.question.error_number, ECONNREFUSED);
}

static void without_an_answer_the_errno_must_do(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_answer told;
	ask(&fixture, ENETUNREACH);
	answer(&fixture, SO_EE_ORIGIN_ICMP, ICMP_NET_ANO, ENETUNREACH);
	icmp_take_answer(&fixture.icmp, 3, -EAGAIN, &told);
	assert_int_equal(told.cause, CAUSE_NETWORK_UNREACHABLE);
	assert_false(told.told);
	/* Nor does an empty one say anything, nor one that is not of ICMP. */
	ask(&fixture, ENETUNREACH);
	fixture.slot->message.msg_controllen = 0;
	icmp_take_answer(&fixture.icmp, 3, 0, &told);
	assert_int_equal(told.cause, CAUSE_NETWORK_UNREACHABLE);
	assert_false(told.told);
	ask(&fixture, EHOSTUNREACH);
	answer(&fixture, SO_EE_ORIGIN_LOCAL, ICMP_NET_ANO, EHOSTUNREACH);
	icmp_take_answer(&fixture.icmp, 3, 0, &told);
	assert_int_equal(told.cause, CAUSE_HOST_UNREACHABLE);
	assert_false(told.told);
	assert_int_equal(told.offender.any.sa_family, AF_UNSPEC);
}

/* Behind the error stands who sent the message. */
static void the_answer_tells_who_said_it(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_answer told;
	struct {
		struct sock_extended_err error;
		struct sockaddr_in6 offender;
	} said = {
		.error = {.ee_errno = EACCES, .ee_origin = SO_EE_ORIGIN_ICMP6, .ee_type = 1},
		.offender = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
	};
	ask(&fixture, EACCES);
	struct msghdr *message = &fixture.slot->message;
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	part->cmsg_level = IPPROTO_IPV6;
	part->cmsg_type = IPV6_RECVERR;
	part->cmsg_len = CMSG_LEN(sizeof(said));
	memcpy(CMSG_DATA(part), &said, sizeof(said));
	message->msg_controllen = CMSG_SPACE(sizeof(said));
	icmp_take_answer(&fixture.icmp, 3, 0, &told);
	assert_true(told.told);
	assert_int_equal(told.cause, CAUSE_PROHIBITED);
	assert_true(address_is_loopback(&told.offender));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_hides_the_message_is_ambiguous),
		cmocka_unit_test(prohibited_are_three_codes_of_unreachable),
		cmocka_unit_test(the_answer_tells_the_cause_and_frees_its_slot),
		cmocka_unit_test(the_answer_tells_an_errno_that_was_not_known),
		cmocka_unit_test(without_an_answer_the_errno_must_do),
		cmocka_unit_test(the_answer_tells_who_said_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

#include "transport/error_queue.h"

#include <linux/errqueue.h>
#include <linux/icmp.h>

/* As the kernel writes it: the error, and behind it who sent the message. */
struct said {
	struct sock_extended_err error;
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} offender;
};

/* What RECVMSG has filled in. */
struct fixture {
	struct msghdr message;
	uint8_t control[ERROR_QUEUE_CONTROL_SIZE] __attribute__((aligned(8)));
	size_t used;
};

static void begin(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	fixture->message.msg_control = fixture->control;
}

/* Another control message, of `length` bytes. */
static void add(struct fixture *fixture, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *part = (struct cmsghdr *)(fixture->control + fixture->used);
	part->cmsg_level = level;
	part->cmsg_type = type;
	part->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(part), data, length);
	fixture->used += CMSG_SPACE(length);
	fixture->message.msg_controllen = fixture->used;
}

static struct said said_v4(uint8_t origin, uint8_t code, int error_number)
{
	return (struct said){
		.error =
			{
				.ee_errno = (uint32_t)error_number,
				.ee_origin = origin,
				.ee_type = ICMP_DEST_UNREACH,
				.ee_code = code,
			},
		.offender.v4 =
			{
				.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			},
	};
}

#define LENGTH_V4 (sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in))
#define LENGTH_V6 (sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))

static void what_hides_the_message_is_worth_a_look(void **state)
{
	(void)state;
	const int hiding[] = {ENETUNREACH, EHOSTUNREACH, EACCES, EALREADY, EAGAIN};
	for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++) {
		assert_true(error_queue_is_worth_reading(hiding[i]));
	}
	const int clear[] = {0, ECONNREFUSED, ETIMEDOUT, ECONNRESET, ECANCELED, EADDRNOTAVAIL};
	for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++) {
		assert_false(error_queue_is_worth_reading(clear[i]));
	}
}

static void a_message_of_icmp_is_told_with_type_and_code(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told;
	const struct said said = said_v4(SO_EE_ORIGIN_ICMP, ICMP_PKT_FILTERED, EHOSTUNREACH);
	begin(&fixture);
	add(&fixture, IPPROTO_IP, IP_RECVERR, &said, LENGTH_V4);
	assert_true(error_queue_read(&fixture.message, &told));
	assert_true(told.told);
	assert_true(told.v4);
	assert_int_equal(told.type, ICMP_DEST_UNREACH);
	assert_int_equal(told.code, ICMP_PKT_FILTERED);
	assert_int_equal(told.error_number, EHOSTUNREACH);
	assert_true(address_is_loopback(&told.offender));
}

static void a_message_of_icmpv6_is_told_with_who_said_it(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told;
	const struct said said = {
		.error = {.ee_errno = EACCES, .ee_origin = SO_EE_ORIGIN_ICMP6, .ee_type = 1},
		.offender.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
	};
	begin(&fixture);
	add(&fixture, IPPROTO_IPV6, IPV6_RECVERR, &said, LENGTH_V6);
	assert_true(error_queue_read(&fixture.message, &told));
	assert_true(told.told);
	assert_false(told.v4);
	assert_int_equal(told.error_number, EACCES);
	assert_true(address_is_loopback(&told.offender));
	assert_int_equal(told.offender.any.sa_family, AF_INET6);
}

/* This host says things there too; its errno counts, and nobody sent it. */
static void what_this_host_said_is_not_of_icmp(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told;
	struct said said = said_v4(SO_EE_ORIGIN_LOCAL, ICMP_NET_ANO, EHOSTUNREACH);
	said.offender.v4.sin_family = AF_UNSPEC;
	begin(&fixture);
	add(&fixture, IPPROTO_IP, IP_RECVERR, &said, LENGTH_V4);
	assert_true(error_queue_read(&fixture.message, &told));
	assert_false(told.told);
	assert_int_equal(told.error_number, EHOSTUNREACH);
	assert_int_equal(told.offender.any.sa_family, AF_UNSPEC);
}

static void an_offender_that_is_cut_off_is_not_known(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told;
	const struct said said = said_v4(SO_EE_ORIGIN_ICMP, ICMP_PKT_FILTERED, EHOSTUNREACH);
	begin(&fixture);
	add(&fixture, IPPROTO_IP, IP_RECVERR, &said, LENGTH_V4 - 1);
	assert_true(error_queue_read(&fixture.message, &told));
	assert_true(told.told);
	assert_int_equal(told.offender.any.sa_family, AF_UNSPEC);
}

static void where_nothing_is_told_nothing_is_changed(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told = {.error_number = 77};
	const struct said said = said_v4(SO_EE_ORIGIN_ICMP, ICMP_NET_ANO, ENETUNREACH);
	begin(&fixture);
	assert_false(error_queue_read(&fixture.message, &told));
	/* Another control message, one of the other family's type, and one that is cut off. */
	add(&fixture, IPPROTO_IP, IP_TTL, &said, sizeof(int));
	add(&fixture, IPPROTO_IPV6, IP_RECVERR, &said, LENGTH_V4);
	add(&fixture, IPPROTO_IP, IP_RECVERR, &said, sizeof(said.error) - 1);
	assert_false(error_queue_read(&fixture.message, &told));
	assert_int_equal(told.error_number, 77);
}

static void other_control_messages_are_passed_over(void **state)
{
	(void)state;
	struct fixture fixture;
	struct icmp_message told;
	const struct said said = said_v4(SO_EE_ORIGIN_ICMP, ICMP_PORT_UNREACH, ECONNREFUSED);
	begin(&fixture);
	add(&fixture, IPPROTO_IP, IP_TTL, &said, sizeof(int));
	add(&fixture, IPPROTO_IP, IP_RECVERR, &said, LENGTH_V4);
	assert_true(error_queue_read(&fixture.message, &told));
	assert_int_equal(told.error_number, ECONNREFUSED);
	assert_int_equal(told.code, ICMP_PORT_UNREACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hides_the_message_is_worth_a_look),
		cmocka_unit_test(a_message_of_icmp_is_told_with_type_and_code),
		cmocka_unit_test(a_message_of_icmpv6_is_told_with_who_said_it),
		cmocka_unit_test(what_this_host_said_is_not_of_icmp),
		cmocka_unit_test(an_offender_that_is_cut_off_is_not_known),
		cmocka_unit_test(where_nothing_is_told_nothing_is_changed),
		cmocka_unit_test(other_control_messages_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The parser on handmade messages: what the kernel says, and what it must survive. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "net/sockdiag_parse.h"

#define SEQUENCE 7

/* Offsets in the kernel's tcp_info, which never move. */
#define INFO_RETRANSMITS 2
#define INFO_RTO 8
#define INFO_UNACKED 24
#define INFO_RTT 68
#define INFO_RTTVAR 72
#define INFO_TOTAL_RETRANS 100
#define INFO_BYTES_ACKED 120
#define INFO_BYTES_RECEIVED 128
#define INFO_SEGS_OUT 136
#define INFO_SEGS_IN 140
#define INFO_MIN_RTT 148
#define INFO_DATA_SEGS_IN 152
#define INFO_DATA_SEGS_OUT 156
#define INFO_LENGTH 248 /* of a newer kernel than the fields above */
#define INFO_LENGTH_3_10 104
#define INFO_LENGTH_4_6 160

/* Bytes as the kernel would have written them, message behind message. */
struct answer {
	uint8_t bytes[8192];
	size_t length;
};

struct seen {
	struct sockdiag_socket sockets[8];
	size_t count;
};

static void see(void *context, const struct sockdiag_socket *socket)
{
	struct seen *seen = context;
	assert_true(seen->count < 8);
	seen->sockets[seen->count++] = *socket;
}

static struct sockdiag_dump make_dump(struct seen *seen)
{
	seen->count = 0;
	return (struct sockdiag_dump){.sequence = SEQUENCE, .visit = see, .context = seen};
}

static void put(struct answer *answer, const void *data, size_t length)
{
	memcpy(answer->bytes + answer->length, data, length);
	answer->length += length;
	while (answer->length % NLMSG_ALIGNTO != 0) {
		answer->bytes[answer->length++] = 0;
	}
}

/* Returns where the message begins, for message_end. */
static size_t message_begin(struct answer *answer, uint16_t type, uint16_t flags)
{
	size_t begin = answer->length;
	const struct nlmsghdr header = {
		.nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = SEQUENCE};
	put(answer, &header, sizeof(header));
	return begin;
}

static void message_end(struct answer *answer, size_t begin)
{
	uint32_t length = (uint32_t)(answer->length - begin);
	memcpy(answer->bytes + begin + offsetof(struct nlmsghdr, nlmsg_len), &length, 4);
}

static void put_attribute(struct answer *answer, uint16_t type, const void *data, size_t length)
{
	const struct nlattr attribute = {
		.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
	put(answer, &attribute, sizeof(attribute));
	put(answer, data, length);
}

static void put_status(struct answer *answer, uint16_t type, int status)
{
	size_t begin = message_begin(answer, type, 0);
	put(answer, &status, sizeof(status));
	message_end(answer, begin);
}

static struct inet_diag_msg make_v4(uint8_t state)
{
	struct inet_diag_msg message = {
		.idiag_family = AF_INET,
		.idiag_state = state,
		.id = {.idiag_sport = htons(40000), .idiag_dport = htons(80)},
		.idiag_rqueue = 3,
		.idiag_wqueue = 4,
		.idiag_uid = 1000,
		.idiag_inode = 77,
	};
	message.id.idiag_src[0] = htonl(0x7f000001);
	message.id.idiag_dst[0] = htonl(0xc0000201);
	return message;
}

static void fill_info(uint8_t info[INFO_LENGTH])
{
	memset(info, 0, INFO_LENGTH);
	const struct {
		size_t offset;
		uint32_t value;
	} values[] = {{INFO_RTO, 204000}, {INFO_UNACKED, 9}, {INFO_RTT, 21}, {INFO_RTTVAR, 10},
		{INFO_TOTAL_RETRANS, 5}, {INFO_BYTES_ACKED, 1}, {INFO_BYTES_RECEIVED, 1234},
		{INFO_SEGS_OUT, 2}, {INFO_SEGS_IN, 3}, {INFO_MIN_RTT, 20}, {INFO_DATA_SEGS_IN, 6},
		{INFO_DATA_SEGS_OUT, 8}};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		memcpy(info + values[i].offset, &values[i].value, sizeof(values[i].value));
	}
	info[INFO_RETRANSMITS] = 2;
	memset(info + INFO_LENGTH_4_6, 0xff, INFO_LENGTH - INFO_LENGTH_4_6);
}

static void put_socket(struct answer *answer, const struct inet_diag_msg *message,
	size_t info_length, uint16_t flags)
{
	uint8_t info[INFO_LENGTH];
	fill_info(info);
	size_t begin = message_begin(answer, SOCK_DIAG_BY_FAMILY, flags);
	put(answer, message, sizeof(*message));
	const uint8_t shutdown = 0;
	put_attribute(answer, INET_DIAG_SHUTDOWN, &shutdown, sizeof(shutdown));
	if (info_length > 0) {
		put_attribute(answer, INET_DIAG_INFO, info, info_length);
	}
	message_end(answer, begin);
}

static void all_that_the_kernel_says_is_read(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, NLM_F_MULTI);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_int_equal(dump.sockets, 1);
	assert_false(dump.interrupted);

	const struct sockdiag_socket *socket = &seen.sockets[0];
	char text[ADDRESS_TEXT_MAX];
	assert_string_equal(address_format(&socket->source, text), "127.0.0.1:40000");
	assert_string_equal(address_format(&socket->target, text), "192.0.2.1:80");
	assert_int_equal(socket->state, TCP_ESTABLISHED);
	assert_int_equal(socket->inode, 77);
	assert_int_equal(socket->uid, 1000);
	assert_int_equal(socket->receive_queue, 3);
	assert_int_equal(socket->send_queue, 4);
	assert_true(socket->has_info);
	assert_true(socket->has_segments);
	assert_int_equal(socket->retransmits, 2);
	assert_int_equal(socket->rto_us, 204000);
	assert_int_equal(socket->unacknowledged, 9);
	assert_int_equal(socket->rtt_us, 21);
	assert_int_equal(socket->rtt_variation_us, 10);
	assert_int_equal(socket->total_retransmits, 5);
	assert_int_equal(socket->bytes_acknowledged, 1);
	assert_int_equal(socket->bytes_received, 1234);
	assert_int_equal(socket->segments_out, 2);
	assert_int_equal(socket->segments_in, 3);
	assert_int_equal(socket->min_rtt_us, 20);
	assert_int_equal(socket->data_segments_in, 6);
	assert_int_equal(socket->data_segments_out, 8);
}

static void ipv6_addresses_are_read(void **state)
{
	(void)state;
	struct inet_diag_msg message = make_v4(TCP_SYN_SENT);
	message.idiag_family = AF_INET6;
	const uint32_t near_end[4] = {htonl(0x20010db8), 0, 0, htonl(1)};
	const uint32_t far_end[4] = {0, 0, 0, htonl(1)};
	memcpy(message.id.idiag_src, near_end, sizeof(near_end));
	memcpy(message.id.idiag_dst, far_end, sizeof(far_end));
	struct answer answer = {0};
	put_socket(&answer, &message, INFO_LENGTH, 0);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	char text[ADDRESS_TEXT_MAX];
	assert_string_equal(address_format(&seen.sockets[0].source, text), "[2001:db8::1]:40000");
	assert_string_equal(address_format(&seen.sockets[0].target, text), "[::1]:80");
}

/* Older kernels send a shorter tcp_info; TIME_WAIT sockets have none. */
static void shorter_info_is_said_to_be_shorter(void **state)
{
	(void)state;
	const struct {
		size_t length;
		bool has_info;
		bool has_segments;
	} cases[] = {{0, false, false}, {INFO_LENGTH_3_10 - 4, false, false},
		{INFO_LENGTH_3_10, true, false}, {INFO_LENGTH_4_6 - 4, true, false},
		{INFO_LENGTH_4_6, true, true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer = {0};
		const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
		put_socket(&answer, &message, cases[i].length, 0);
		struct seen seen;
		struct sockdiag_dump dump = make_dump(&seen);
		assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
		const struct sockdiag_socket *socket = &seen.sockets[0];
		assert_int_equal(socket->has_info, cases[i].has_info);
		assert_int_equal(socket->has_segments, cases[i].has_segments);
		assert_int_equal(socket->rtt_us, cases[i].has_info ? 21 : 0);
		assert_int_equal(socket->segments_in, cases[i].has_segments ? 3 : 0);
	}
}

static void done_ends_the_dump(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	put_status(&answer, NLMSG_DONE, 0);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 0);
	assert_int_equal(dump.sockets, 2);
	assert_int_equal(seen.count, 2);
}

static void failures_of_the_kernel_are_returned(void **state)
{
	(void)state;
	const uint16_t types[] = {NLMSG_ERROR, NLMSG_DONE};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct answer answer = {0};
		put_status(&answer, types[i], -ENOENT);
		struct seen seen;
		struct sockdiag_dump dump = make_dump(&seen);
		assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), -ENOENT);
	}
}

static void an_acknowledgement_is_no_failure(void **state)
{
	(void)state;
	struct answer answer = {0};
	put_status(&answer, NLMSG_ERROR, 0);
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_int_equal(seen.count, 1);
}

static void an_interrupted_dump_is_told(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, NLM_F_MULTI | NLM_F_DUMP_INTR);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_true(dump.interrupted);
	assert_int_equal(seen.count, 1);

	answer.length = 0;
	put_status(&answer, NLMSG_OVERRUN, 0);
	dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_true(dump.interrupted);
}

static void an_earlier_dump_is_skipped(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, NLM_F_DUMP_INTR);
	put_status(&answer, NLMSG_DONE, -EIO);
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	dump.sequence = SEQUENCE + 1;
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_int_equal(seen.count, 0);
	assert_false(dump.interrupted);
}

/* Wherever it is cut: a message short, but never a byte beyond the end is read (sanitizers). */
static void truncated_messages_are_refused(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	for (size_t length = 1; length < answer.length; length++) {
		uint8_t *cut = test_malloc(length);
		memcpy(cut, answer.bytes, length);
		struct seen seen;
		struct sockdiag_dump dump = make_dump(&seen);
		assert_int_equal(sockdiag_parse(&dump, cut, length), -EBADMSG);
		assert_int_equal(seen.count, 0);
		test_free(cut);
	}
}

/* The same with a message that says it is as short as it is. */
static void short_messages_are_refused(void **state)
{
	(void)state;
	struct answer whole = {0};
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&whole, &message, INFO_LENGTH, 0);
	size_t fixed = NLMSG_HDRLEN + sizeof(message);
	for (uint32_t length = 0; length < fixed; length++) {
		memcpy(whole.bytes, &length, sizeof(length));
		struct seen seen;
		struct sockdiag_dump dump = make_dump(&seen);
		assert_int_equal(sockdiag_parse(&dump, whole.bytes, fixed), -EBADMSG);
	}
}

static void wrong_attributes_are_refused(void **state)
{
	(void)state;
	const uint16_t lengths[] = {0, NLA_HDRLEN - 1, 200};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct answer answer = {0};
		const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
		size_t begin = message_begin(&answer, SOCK_DIAG_BY_FAMILY, 0);
		put(&answer, &message, sizeof(message));
		const struct nlattr attribute = {.nla_len = lengths[i], .nla_type = INET_DIAG_INFO};
		put(&answer, &attribute, sizeof(attribute));
		message_end(&answer, begin);
		struct seen seen;
		struct sockdiag_dump dump = make_dump(&seen);
		assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), -EBADMSG);
		assert_int_equal(seen.count, 0);
	}
}

/* Out of order, among answers to others, and one connection that is gone. */
static void lookups_are_told_apart_by_their_sequence(void **state)
{
	(void)state;
	const uint32_t sequences[] = {
		SEQUENCE + 2, SEQUENCE - 1, SEQUENCE, SEQUENCE + 1, SEQUENCE + 3};
	struct answer answer = {0};
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		size_t begin = answer.length;
		if (sequences[i] == SEQUENCE + 1) {
			put_status(&answer, NLMSG_ERROR, -ENOENT);
		} else {
			struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
			message.idiag_inode = sequences[i];
			put_socket(&answer, &message, INFO_LENGTH, 0);
		}
		memcpy(answer.bytes + begin + offsetof(struct nlmsghdr, nlmsg_seq), &sequences[i],
			sizeof(sequences[i]));
	}
	struct sockdiag_socket sockets[4] = {0};
	assert_int_equal(
		sockdiag_parse_lookup(answer.bytes, answer.length, SEQUENCE, 3, sockets), 3);
	assert_int_equal(sockets[0].inode, SEQUENCE);
	assert_int_equal(sockets[0].rtt_us, 21);
	assert_int_equal(sockets[1].state, 0);
	assert_int_equal(sockets[2].inode, SEQUENCE + 2);
	assert_int_equal(sockets[3].state, 0); /* beyond what was asked */
}

static void a_listener_is_no_connection(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_LISTEN);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	struct sockdiag_socket socket = {0};
	assert_int_equal(
		sockdiag_parse_lookup(answer.bytes, answer.length, SEQUENCE, 1, &socket), 1);
	assert_int_equal(socket.state, 0);
}

static void failed_and_cut_lookups_are_told(void **state)
{
	(void)state;
	struct sockdiag_socket socket = {0};
	struct answer answer = {0};
	put_status(&answer, NLMSG_ERROR, -EPERM);
	assert_int_equal(
		sockdiag_parse_lookup(answer.bytes, answer.length, SEQUENCE, 1, &socket), -EPERM);
	answer.length = 0;
	const struct inet_diag_msg message = make_v4(TCP_ESTABLISHED);
	put_socket(&answer, &message, INFO_LENGTH, 0);
	assert_int_equal(
		sockdiag_parse_lookup(answer.bytes, answer.length - 4, SEQUENCE, 1, &socket),
		-EBADMSG);
	assert_int_equal(socket.state, 0);
}

static void nothing_at_all_is_no_end(void **state)
{
	(void)state;
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, "", 0), 1);
}

static void v6_only_is_read(void **state)
{
	(void)state;
	struct answer answer = {0};
	const struct inet_diag_msg message = make_v4(TCP_LISTEN);
	for (uint8_t only = 0; only < 2; only++) {
		size_t begin = message_begin(&answer, SOCK_DIAG_BY_FAMILY, 0);
		put(&answer, &message, sizeof(message));
		put_attribute(&answer, INET_DIAG_SKV6ONLY, &only, sizeof(only));
		message_end(&answer, begin);
	}
	struct seen seen;
	struct sockdiag_dump dump = make_dump(&seen);
	assert_int_equal(sockdiag_parse(&dump, answer.bytes, answer.length), 1);
	assert_int_equal(seen.count, 2);
	assert_false(seen.sockets[0].v6_only);
	assert_true(seen.sockets[1].v6_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_the_kernel_says_is_read),
		cmocka_unit_test(ipv6_addresses_are_read),
		cmocka_unit_test(shorter_info_is_said_to_be_shorter),
		cmocka_unit_test(done_ends_the_dump),
		cmocka_unit_test(failures_of_the_kernel_are_returned),
		cmocka_unit_test(an_acknowledgement_is_no_failure),
		cmocka_unit_test(an_interrupted_dump_is_told),
		cmocka_unit_test(an_earlier_dump_is_skipped),
		cmocka_unit_test(truncated_messages_are_refused),
		cmocka_unit_test(short_messages_are_refused),
		cmocka_unit_test(wrong_attributes_are_refused),
		cmocka_unit_test(lookups_are_told_apart_by_their_sequence),
		cmocka_unit_test(a_listener_is_no_connection),
		cmocka_unit_test(failed_and_cut_lookups_are_told),
		cmocka_unit_test(nothing_at_all_is_no_end),
		cmocka_unit_test(v6_only_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Expressions of nf_tables as the kernel tells them, taken apart. */
#include "tcpgoon/net/ruleset.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Attributes, being written; `open` are those that are not closed yet. */
struct writer {
	uint8_t bytes[1024] __attribute__((aligned(4)));
	size_t length;
	size_t open[8];
	size_t depth;
};

static struct rtattr *at(struct writer *writer, size_t offset)
{
	return (void *)(writer->bytes + offset);
}

static void begin(struct writer *writer, uint16_t type)
{
	writer->open[writer->depth++] = writer->length;
	at(writer, writer->length)->rta_type = type | NLA_F_NESTED;
	writer->length += RTA_LENGTH(0);
}

static void end(struct writer *writer)
{
	size_t offset = writer->open[--writer->depth];
	at(writer, offset)->rta_len = (unsigned short)(writer->length - offset);
}

static void put(struct writer *writer, uint16_t type, const void *value, size_t size)
{
	struct rtattr *attribute = at(writer, writer->length);
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), value, size);
	writer->length += RTA_SPACE(size);
}

static void put_be32(struct writer *writer, uint16_t type, uint32_t value)
{
	uint32_t be32 = htonl(value);
	put(writer, type, &be32, sizeof(be32));
}

static void begin_expression(struct writer *writer, const char *name)
{
	begin(writer, NFTA_LIST_ELEM);
	put(writer, NFTA_EXPR_NAME, name, strlen(name) + 1);
	begin(writer, NFTA_EXPR_DATA);
}

static void end_expression(struct writer *writer)
{
	end(writer);
	end(writer);
}

static void put_verdict(struct writer *writer, int code, const char *chain)
{
	begin_expression(writer, "immediate");
	begin(writer, NFTA_IMMEDIATE_DATA);
	begin(writer, NFTA_DATA_VERDICT);
	put_be32(writer, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL) {
		put(writer, NFTA_VERDICT_CHAIN, chain, strlen(chain) + 1);
	}
	end(writer);
	end(writer);
	end_expression(writer);
}

static void put_compare(struct writer *writer, const void *value, size_t size)
{
	begin_expression(writer, "cmp");
	put_be32(writer, NFTA_CMP_OP, NFT_CMP_EQ);
	begin(writer, NFTA_CMP_DATA);
	put(writer, NFTA_DATA_VALUE, value, size);
	end(writer);
	end_expression(writer);
}

/* "tcp dport PORT", or "tcp sport PORT" */
static void put_port(struct writer *writer, bool of_source, uint16_t port)
{
	const uint8_t tcp = 6;
	uint16_t be16 = htons(port);
	begin_expression(writer, "meta");
	put_be32(writer, NFTA_META_KEY, NFT_META_L4PROTO);
	end_expression(writer);
	put_compare(writer, &tcp, sizeof(tcp));
	begin_expression(writer, "payload");
	put_be32(writer, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	put_be32(writer, NFTA_PAYLOAD_OFFSET, of_source ? 0 : 2);
	put_be32(writer, NFTA_PAYLOAD_LEN, 2);
	end_expression(writer);
	put_compare(writer, &be16, sizeof(be16));
}

static struct ruleset_rule read_rule(struct writer *writer)
{
	struct ruleset_rule rule;
	while (writer->depth > 0) {
		end(writer);
	}
	ruleset_read_rule(at(writer, 0), &rule);
	return rule;
}

static void a_rule_for_a_port_drops(void **state)
{
	(void)state;
	struct writer writer = {0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	put_port(&writer, false, 8080);
	put_verdict(&writer, NF_DROP, NULL);
	struct ruleset_rule rule = read_rule(&writer);
	assert_true(rule.drops);
	assert_false(rule.rejects);
	assert_true(rule.has_port);
	assert_int_equal(rule.port, 8080);
	assert_false(rule.has_more);
	assert_false(rule.has_counter);
	assert_string_equal(rule.jumps_to, "");
	assert_false(rule.of_source);
	writer = (struct writer){0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	put_port(&writer, true, 443);
	put_verdict(&writer, NF_DROP, NULL);
	rule = read_rule(&writer);
	assert_true(rule.has_port && rule.of_source);
	assert_int_equal(rule.port, 443);
}

static void a_rule_with_more_conditions_has_more(void **state)
{
	(void)state;
	const uint32_t user = 1000;
	const uint64_t packets = htobe64(77);
	struct writer writer = {0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	begin_expression(&writer, "meta");
	put_be32(&writer, NFTA_META_KEY, NFT_META_SKUID);
	end_expression(&writer);
	put_compare(&writer, &user, sizeof(user));
	begin_expression(&writer, "counter");
	put(&writer, NFTA_COUNTER_PACKETS, &packets, sizeof(packets));
	end_expression(&writer);
	begin_expression(&writer, "reject");
	put_be32(&writer, NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
	end_expression(&writer);
	struct ruleset_rule rule = read_rule(&writer);
	assert_true(rule.rejects);
	assert_false(rule.drops);
	assert_false(rule.has_port);
	assert_true(rule.has_more);
	assert_true(rule.has_counter);
	assert_int_equal(rule.packets, 77);
}

static void a_rule_jumps_or_accepts(void **state)
{
	(void)state;
	struct writer writer = {0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	put_verdict(&writer, NFT_JUMP, "other");
	struct ruleset_rule rule = read_rule(&writer);
	assert_string_equal(rule.jumps_to, "other");
	assert_false(rule.drops);
	writer = (struct writer){0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	put_verdict(&writer, NF_ACCEPT, NULL);
	rule = read_rule(&writer);
	assert_false(rule.drops || rule.rejects);
}

static void what_is_not_there_says_nothing(void **state)
{
	(void)state;
	struct ruleset_rule rule;
	ruleset_read_rule(NULL, &rule);
	assert_false(rule.drops || rule.rejects || rule.has_port || rule.has_more);
	/* An immediate without a verdict is a number for a register, not the verdict 0, to drop. */
	struct writer writer = {0};
	begin(&writer, NFTA_RULE_EXPRESSIONS);
	begin_expression(&writer, "immediate");
	begin(&writer, NFTA_IMMEDIATE_DATA);
	put_be32(&writer, NFTA_DATA_VALUE, 0);
	rule = read_rule(&writer);
	assert_false(rule.drops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_for_a_port_drops),
		cmocka_unit_test(a_rule_with_more_conditions_has_more),
		cmocka_unit_test(a_rule_jumps_or_accepts),
		cmocka_unit_test(what_is_not_there_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

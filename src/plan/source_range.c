/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/source_range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct error *error, const char *text)
{
	return error_set(error, -EINVAL,
		"'%s' is not an address, a network like 10.0.0.0/24 or a range like 10.0.0.1-10.0.0.9",
		text);
}

/* Parses the `length` first characters as a literal address. */
static bool parse_part(const char *text, size_t length, struct address *ret_address)
{
	char part[ADDRESS_TEXT_MAX];
	if (length >= sizeof(part)) {
		return false;
	}
	memcpy(part, text, length);
	part[length] = '\0';
	return address_parse_literal(part, 0, ret_address) == 0;
}

/* Why one cannot count from `first` to `last`. */
static int refuse_span(const char *text, const struct address *first, const struct address *last,
	struct error *error)
{
	if (first->any.sa_family != last->any.sa_family) {
		return error_set(error, -EINVAL,
			"'%s' is no range: one end is an IPv4 address, the other an IPv6 one",
			text);
	}
	if (address_distance(last, first) != UINT64_MAX) {
		return error_set(error, -EINVAL,
			"'%s' does not count upwards: give the lower end first", text);
	}
	return error_set(error, -EINVAL,
		"'%s' is no range: its ends are in different /64 networks or zones", text);
}

static int parse_span(
	const char *text, const char *dash, struct source_range *ret_range, struct error *error)
{
	struct address first;
	struct address last;
	if (!parse_part(text, (size_t)(dash - text), &first) ||
		!parse_part(dash + 1, strlen(dash + 1), &last)) {
		return refuse(error, text);
	}
	uint64_t distance = address_distance(&first, &last);
	if (distance == UINT64_MAX) {
		return refuse_span(text, &first, &last, error);
	}
	if (distance >= SOURCE_RANGE_MOST) {
		return error_set(error, -EINVAL, "'%s' has more than %llu addresses", text,
			(unsigned long long)SOURCE_RANGE_MOST);
	}
	*ret_range = (struct source_range){.first = first, .count = distance + 1};
	return 0;
}

/* Clears all bits of the host part behind the prefix. */
static void mask(struct address *address, unsigned prefix)
{
	bool v4 = address->any.sa_family == AF_INET;
	uint8_t *bytes = v4 ? (uint8_t *)&address->v4.sin_addr : address->v6.sin6_addr.s6_addr;
	unsigned bits = v4 ? 32 : 128;
	for (unsigned bit = prefix; bit < bits; bit++) {
		bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
	}
}

static int parse_network(
	const char *text, const char *slash, struct source_range *ret_range, struct error *error)
{
	struct address first;
	char *end;
	if (!parse_part(text, (size_t)(slash - text), &first) || slash[1] < '0' || slash[1] > '9') {
		return refuse(error, text);
	}
	unsigned long prefix = strtoul(slash + 1, &end, 10);
	unsigned bits = first.any.sa_family == AF_INET ? 32 : 128;
	if (*end != '\0' || prefix > bits) {
		return error_set(error, -EINVAL, "'%s': the prefix is not a number from 0 to %u",
			text, bits);
	}
	if (bits - prefix > 24) {
		return error_set(error, -EINVAL, "'%s' has more than %llu addresses", text,
			(unsigned long long)SOURCE_RANGE_MOST);
	}
	uint64_t count = UINT64_C(1) << (bits - prefix);
	mask(&first, (unsigned)prefix);
	if (bits == 32 && prefix <= 30) {
		first = address_plus(&first, 1);
		count -= 2;
	}
	*ret_range = (struct source_range){.first = first, .count = count};
	return 0;
}

int source_range_parse(const char *text, struct source_range *ret_range, struct error *error)
{
	const char *slash = strchr(text, '/');
	const char *dash = strchr(text, '-');
	struct address address;
	if (slash != NULL) {
		return parse_network(text, slash, ret_range, error);
	}
	if (dash != NULL) {
		return parse_span(text, dash, ret_range, error);
	}
	if (address_parse_literal(text, 0, &address) < 0) {
		return refuse(error, text);
	}
	*ret_range = (struct source_range){.first = address, .count = 1};
	return 0;
}

bool source_range_overlaps(const struct source_range *a, const struct source_range *b)
{
	/* One of them begins within the other. */
	return address_distance(&a->first, &b->first) < a->count ||
		address_distance(&b->first, &a->first) < b->count;
}

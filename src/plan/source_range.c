/* SPDX-License-Identifier: MIT */
/*
 * An interface name may contain any character that separates addresses, except '/' and ':'. So a
 * text is an address if all of it can be one, and a range if any of its dashes has an address on
 * both sides.
 */
#include "tcpgoon/plan/source_range.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct error *error, const char *text)
{
	if (strchr(text, ',') != NULL) {
		return error_set(error, -EINVAL,
			"'%s' is not one address, network or range: give --source once for each",
			text);
	}
	if (text[0] != '\0' && if_nametoindex(text) != 0) {
		return error_set(error, -EINVAL,
			"'%s' is an interface: give an address that it has ('ip address show dev "
			"%s' lists them)",
			text, text);
	}
	return error_set(error, -EINVAL,
		"'%s' is not an address, a network like 10.0.0.0/24 or a range like "
		"10.0.0.1-10.0.0.9",
		text);
}

/*
 * Parses the first `length` characters as a literal address. Returns 0, the negative errno of
 * address_parse_literal(), or -EADDRNOTAVAIL if its zone is missing.
 */
static int parse_part(const char *text, size_t length, struct address *ret_address)
{
	char part[ADDRESS_TEXT_MAX];
	if (length >= sizeof(part)) {
		return -EINVAL;
	}
	memcpy(part, text, length);
	part[length] = '\0';
	struct address address;
	int r = address_parse_literal(part, 0, &address);
	if (r == 0 && address_lacks_zone(&address)) {
		r = -EADDRNOTAVAIL;
	}
	if (r == 0) {
		*ret_address = address;
	}
	return r;
}

/* Says why a part that is an address cannot be used. */
static int refuse_part(int code, const char *text, size_t length, struct error *error)
{
	char part[ADDRESS_TEXT_MAX];
	snprintf(part, sizeof(part), "%.*s", (int)length, text);
	address_explain_literal(code, part, error);
	return -EINVAL;
}

/* Why one cannot count from `first` to `last`. */
static int refuse_span(const char *text, const struct address *first, const struct address *last,
	struct error *error)
{
	if (first->any.sa_family != last->any.sa_family) {
		return error_set(error, -EINVAL,
			"'%s' is not a range: one end is an IPv4 address, the other an IPv6 one",
			text);
	}
	if (address_distance(last, first) != UINT64_MAX) {
		return error_set(
			error, -EINVAL, "'%s' is not ascending: give the lower end first", text);
	}
	return error_set(error, -EINVAL,
		"'%s' is not a range: its ends are in different /64 networks or zones", text);
}

static int make_span(const char *text, const struct address *first, const struct address *last,
	struct source_range *ret_range, struct error *error)
{
	uint64_t distance = address_distance(first, last);
	if (distance == UINT64_MAX) {
		return refuse_span(text, first, last, error);
	}
	if (distance >= SOURCE_RANGE_MAX) {
		return error_set(error, -EINVAL, "'%s' has more than %llu addresses", text,
			(unsigned long long)SOURCE_RANGE_MAX);
	}
	*ret_range = (struct source_range){.first = *first, .count = distance + 1};
	address_unmap(&ret_range->first);
	return 0;
}

/* What attempts to parse a text have found wrong with it so far. */
struct objection {
	int code; /* 0: nothing yet */
	const char *at;
	size_t length;
};

/*
 * Parses FIRST-LAST, split at this dash. Returns false if it is not a range, with an objection if
 * both sides are addresses that only lack something.
 */
static bool read_span(const char *text, const char *dash, struct address *ret_first,
	struct address *ret_last, struct objection *objection)
{
	size_t length = (size_t)(dash - text);
	int first = parse_part(text, length, ret_first);
	int last = parse_part(dash + 1, strlen(dash + 1), ret_last);
	if (first == -EINVAL || last == -EINVAL) {
		return false;
	}
	if (first != 0) {
		*objection = (struct objection){.code = first, .at = text, .length = length};
	} else if (last != 0) {
		*objection = (struct objection){
			.code = last, .at = dash + 1, .length = strlen(dash + 1)};
	}
	return first == 0 && last == 0;
}

/* Clears all bits after the prefix. */
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
	int r = parse_part(text, (size_t)(slash - text), &first);
	if (r == -EINVAL || slash[1] < '0' || slash[1] > '9') {
		return refuse(error, text);
	}
	if (r < 0) {
		return refuse_part(r, text, (size_t)(slash - text), error);
	}
	unsigned long prefix = strtoul(slash + 1, &end, 10);
	if (first.any.sa_family == AF_INET6 && prefix >= 96 && prefix <= 128) {
		struct address before = first;
		address_unmap(&first);
		prefix -= first.any.sa_family != before.any.sa_family ? 96 : 0;
	}
	unsigned bits = first.any.sa_family == AF_INET ? 32 : 128;
	if (*end != '\0' || prefix > bits) {
		return error_set(error, -EINVAL, "'%s': the prefix is not a number from 0 to %u",
			text, bits);
	}
	if (bits - prefix > 24) {
		return error_set(error, -EINVAL, "'%s' has more than %llu addresses", text,
			(unsigned long long)SOURCE_RANGE_MAX);
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
	struct address first;
	struct address last;
	struct objection objection = {.at = text, .length = strlen(text)};
	objection.code = parse_part(text, strlen(text), &first);
	if (objection.code == 0) {
		*ret_range = (struct source_range){.first = first, .count = 1};
		address_unmap(&ret_range->first);
		return 0;
	}
	const char *slash = strrchr(text, '/'); /* interface names have none */
	if (slash != NULL) {
		return parse_network(text, slash, ret_range, error);
	}
	for (const char *dash = strchr(text, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
		if (read_span(text, dash, &first, &last, &objection)) {
			return make_span(text, &first, &last, ret_range, error);
		}
	}
	const char *comma = strchr(text, ',');
	bool is_list = comma != NULL && parse_part(text, (size_t)(comma - text), &first) == 0;
	if (objection.code != -EINVAL && !is_list) {
		return refuse_part(objection.code, objection.at, objection.length, error);
	}
	return refuse(error, text);
}

bool source_range_first(
	const struct text_list *texts, sa_family_t family, struct address *ret_source)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct source_range range;
		if (source_range_parse(texts->items[i], &range, NULL) == 0 &&
			range.first.any.sa_family == family) {
			*ret_source = range.first;
			return true;
		}
	}
	return false;
}

bool source_range_overlaps(const struct source_range *a, const struct source_range *b)
{
	/* One range begins within the other. */
	return address_distance(&a->first, &b->first) < a->count ||
		address_distance(&b->first, &a->first) < b->count;
}

/* SPDX-License-Identifier: MIT */
/*
 * There are two filters. The first removes addresses that are no TCP destination on any host
 * (multicast, broadcast, link-local without an interface); a host with no others is refused. The
 * second removes addresses that cannot be reached from here with the given sources. If it would
 * remove all, it removes none, and the run reports what is wrong with them.
 *
 * The unspecified address is no destination either: the kernel dials this host instead, by rules
 * that depend on the source. So the kernel is asked what it would dial, and that becomes the
 * target. Otherwise nothing that is counted by address would match.
 */
#include "tcpgoon/plan/candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/net/resolve.h"
#include "tcpgoon/net/sources.h"
#include "tcpgoon/plan/source_range.h"

/* What was left out, as one sentence for the user. */
struct remark {
	char text[400];
	size_t used;
};

static void remark_add(struct remark *remark, const struct address *address, const char *why)
{
	char host[ADDRESS_TEXT_MAX];
	size_t room = sizeof(remark->text) - remark->used;
	int length = snprintf(remark->text + remark->used, room, "%s%s (%s)",
		remark->used > 0 ? ", " : "", address_format_host(address, host), why);
	remark->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* Why TCP cannot dial it from any host; NULL if it can. */
static const char *objection(const struct address *address)
{
	if (address_lacks_zone(address)) {
		return "it is a link-local address, without its interface";
	}
	if (address_is_multicast(address)) {
		return "it is a multicast address";
	}
	bool broadcast =
		address_is_limited_broadcast(address) || sources_is_broadcast(address) == 1;
	return broadcast ? "it is a broadcast address" : NULL;
}

/* The first given source for this address; NULL if none was given. */
static const struct address *first_source(
	const struct settings *settings, const struct address *address, struct address *buffer)
{
	return source_range_first(&settings->sources, address->any.sa_family, buffer) ? buffer
										      : NULL;
}

static void name_what_is_dialled(
	struct address *address, const struct settings *settings, const struct notes *notes)
{
	if (!address_is_any(address)) {
		return;
	}
	struct address source;
	struct address dialled;
	const struct address *from = first_source(settings, address, &source);
	if (sources_route(from, address, NULL, &dialled) < 0 || address_is_any(&dialled)) {
		return;
	}
	char host[ADDRESS_TEXT_MAX];
	notes_add(notes, "host '%s' is this host itself: dialling %s", settings->host,
		address_format_host(&dialled, host));
	*address = dialled;
}

/* A repeated address would be counted twice, but has its tuples only once. */
static void drop_repeats(struct candidates *candidates)
{
	size_t kept = 0;
	for (size_t i = 0; i < candidates->count; i++) {
		size_t same = 0;
		while (same < kept &&
			!address_same_host(&candidates->list[same], &candidates->list[i])) {
			same++;
		}
		if (same == kept) {
			candidates->list[kept++] = candidates->list[i];
		}
	}
	candidates->count = kept;
}

/* Why it cannot be reached from here; NULL if it may be. */
static const char *out_of_reach(const struct address *address, const struct settings *settings)
{
	bool v4 = address->any.sa_family == AF_INET;
	struct address source;
	const struct address *from = first_source(settings, address, &source);
	if (from == NULL && settings->sources.count > 0) {
		return v4 ? "no --source is an IPv4 address" : "no --source is an IPv6 address";
	}
	if (from != NULL && sources_check(from) < 0) {
		return NULL; /* the source is at fault, and will be refused */
	}
	int r = sources_route(from, address, NULL, NULL);
	if (r == 0) {
		return NULL;
	}
	if (!v4 && (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)) {
		return "this host has no IPv6"; /* net.ipv6.conf.*.disable_ipv6, ipv6.disable=1 */
	}
	return r == -ENETUNREACH || r == -EHOSTUNREACH ? "no route" : strerrordesc_np(-r);
}

/* Keeps the addresses without an entry in `why`. Returns how many. */
static size_t keep(
	struct address *list, size_t count, const char *const *why, struct remark *remark)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (why[i] == NULL) {
			list[kept++] = list[i];
		} else {
			remark_add(remark, &list[i], why[i]);
		}
	}
	return kept;
}

static size_t without_why(const char *const *why, size_t count)
{
	size_t clear = 0;
	for (size_t i = 0; i < count; i++) {
		clear += why[i] == NULL;
	}
	return clear;
}

static int sieve(struct candidates *candidates, const struct settings *settings, const char **why,
	struct remark *remark, struct error *error)
{
	struct address *list = candidates->list;
	for (size_t i = 0; i < candidates->count; i++) {
		why[i] = objection(&list[i]);
	}
	if (without_why(why, candidates->count) == 0) {
		char host[ADDRESS_TEXT_MAX];
		return error_set(error, -EINVAL, "host '%s': TCP cannot dial %s: %s",
			settings->host, address_format_host(&list[0], host), why[0]);
	}
	candidates->count = keep(list, candidates->count, why, remark);
	for (size_t i = 0; i < candidates->count; i++) {
		why[i] = out_of_reach(&list[i], settings);
	}
	if (without_why(why, candidates->count) > 0) {
		candidates->count = keep(list, candidates->count, why, remark);
	}
	return 0;
}

static int family_of(const struct settings *settings)
{
	return settings->only_ipv4 ? AF_INET : settings->only_ipv6 ? AF_INET6 : AF_UNSPEC;
}

int candidates_init(struct candidates *candidates, const struct settings *settings,
	const struct notes *notes, struct error *error)
{
	*candidates = (struct candidates)CANDIDATES_INIT;
	const struct resolve_query query = {
		.host = settings->host,
		.family = family_of(settings),
		.notes = notes,
	};
	int r = resolve_host(&query, &candidates->list, &candidates->count, error);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < candidates->count; i++) {
		name_what_is_dialled(&candidates->list[i], settings, notes);
	}
	drop_repeats(candidates);
	struct remark remark = {0};
	const char **why = calloc(candidates->count, sizeof(*why));
	r = why == NULL ? error_set(error, -ENOMEM, "out of memory for the addresses of '%s'",
				  settings->host)
			: sieve(candidates, settings, why, &remark, error);
	free(why);
	if (r < 0) {
		candidates_finish(candidates);
		return r;
	}
	if (remark.used > 0) {
		notes_add(notes, "%s: left out %s", settings->host, remark.text);
	}
	return 0;
}

void candidates_finish(struct candidates *candidates)
{
	free(candidates->list);
	*candidates = (struct candidates)CANDIDATES_INIT;
}

/* SPDX-License-Identifier: MIT */
/*
 * connect(2) returns ENETUNREACH, EHOSTUNREACH or EACCES both for an ICMP message and for this
 * machine's own routes. The caller has found no message in the error queue: so no packet came, and
 * most often none was sent. This module then asks for the route between the addresses of the dial:
 *
 *   the routes refuse it as well      they are the reason; we look for the entry that refuses
 *   they refuse it with this source   the source is the reason, if they say EINVAL
 *   they do not refuse it             EACCES comes from a security module, EINVAL from the source
 */
#include "run/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/net/link.h"
#include "tcpgoon/net/procfile.h"
#include "tcpgoon/net/route.h"
#include "tcpgoon/net/sources.h"

void refusals_init(struct refusals *refusals, struct result *result)
{
	*refusals = (struct refusals){.result = result};
}

static bool is_bound(const struct address *source)
{
	return source->any.sa_family != AF_UNSPEC;
}

bool refusals_is_possible(const struct tuple *tuple, int error_number)
{
	switch (error_number) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
	case EPERM:
	case EINVAL:
		return true;
	case EADDRNOTAVAIL: /* if it is bound, its tuple is in use */
		return !is_bound(&tuple->source);
	}
	return false;
}

/* "landlock,selinux": the modules of this kernel; empty if it does not tell. */
static void name_modules(struct refusal *refusal)
{
	char *text = NULL;
	if (procfile_read("/sys/kernel/security/lsm", &text) == 0) {
		snprintf(refusal->by, sizeof(refusal->by), "%.*s", (int)strcspn(text, "\n"), text);
		free(text);
	}
}

static enum cause without_refused_route(struct refusal *refusal)
{
	struct address preferred;
	switch (refusal->error_number) {
	case EACCES:
	case EPERM:
		name_modules(refusal);
		return CAUSE_NOT_PERMITTED;
	case EINVAL:
		return CAUSE_SOURCE_INVALID;
	case EADDRNOTAVAIL:
		return sources_preferred(&refusal->target, &preferred) < 0 ? CAUSE_SOURCE_INVALID
									   : CAUSE_PORTS_EXHAUSTED;
	}
	return CAUSE_NO_ROUTE; /* there was none then, and there is one again */
}

static enum cause with_refused_route(
	struct refusal *refusal, const struct address *source, int route_error)
{
	struct route any_source;
	if (route_error == EINVAL && source != NULL &&
		route_find(NULL, &refusal->target, &any_source) == 0 && any_source.refused == 0) {
		return CAUSE_SOURCE_INVALID;
	}
	route_find_refuser(source, &refusal->target, route_error, refusal->by);
	if (route_error != ENETUNREACH || refusal->by[0] != '\0') {
		return CAUSE_ROUTE_REFUSES;
	}
	struct link_view down;
	if (link_find_down(&refusal->target, &down) == 0) {
		snprintf(refusal->down, sizeof(refusal->down), "%s", down.name);
	}
	return CAUSE_NO_ROUTE;
}

static enum cause look_into(struct refusal *refusal)
{
	const struct address *source = is_bound(&refusal->source) ? &refusal->source : NULL;
	struct route route;
	if (refusal->error_number != EPERM && route_find(source, &refusal->target, &route) == 0 &&
		route.refused != 0) {
		return with_refused_route(refusal, source, route.refused);
	}
	return without_refused_route(refusal);
}

static bool is_same(const struct refusal *refusal, const struct tuple *tuple, int error_number)
{
	bool bound = is_bound(&tuple->source);
	return refusal->error_number == error_number &&
		address_port(&refusal->target) == address_port(tuple->target) &&
		address_same_host(&refusal->target, tuple->target) &&
		bound == is_bound(&refusal->source) &&
		(!bound || address_same_host(&refusal->source, &tuple->source));
}

enum cause refusals_cause(struct refusals *refusals, const struct tuple *tuple, int error_number)
{
	struct result *result = refusals->result;
	for (size_t i = 0; i < result->refusal_count; i++) {
		struct refusal *known = &result->refusals[i];
		if (is_same(known, tuple, error_number)) {
			known->count++;
			return known->cause;
		}
	}
	struct refusal refusal = {
		.source = tuple->source,
		.target = *tuple->target,
		.error_number = error_number,
		.count = 1,
	};
	refusal.cause = look_into(&refusal);
	if (result->refusal_count < RESULT_REFUSALS_MAX) {
		result->refusals[result->refusal_count++] = refusal;
	}
	return refusal.cause;
}

bool refusals_is_here(struct refusals *refusals, const struct address *address)
{
	if (refusals->asked.any.sa_family != address->any.sa_family ||
		!address_same_host(&refusals->asked, address)) {
		refusals->asked = *address;
		refusals->asked_is_here = sources_is_local(address) == 1;
	}
	return refusals->asked_is_here;
}

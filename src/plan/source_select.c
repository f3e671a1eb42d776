/* SPDX-License-Identifier: MIT */
/*
 * Sources given by the user serve every target of their family. Otherwise the source for each host
 * is the address that the route to it prefers; for IPv4 loopback it is as many addresses of
 * 127.0.0.0/8 as the run needs, all of which work without being configured. It needs enough of them
 * to do with the ports that this host never assigns (plan/port_order says why) or, if those are
 * few, with the ports that connect() tries last.
 */
#include "plan/source_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/ports.h"
#include "tcpgoon/net/sources.h"
#include "tcpgoon/plan/port_order.h"
#include "tcpgoon/plan/source_range.h"

/* The input for tuples_init(), which copies all of it. */
struct draft {
	struct source_range *ranges; /* those of a set are consecutive */
	struct source_set *sets;
	size_t set_count;
	uint32_t *set_of_target;
	struct port_order order;
};

static int draft_init(struct draft *draft, size_t range_most, size_t set_most, size_t targets)
{
	draft->ranges = calloc(range_most, sizeof(*draft->ranges));
	draft->sets = calloc(set_most, sizeof(*draft->sets));
	draft->set_of_target = calloc(targets, sizeof(*draft->set_of_target));
	bool complete =
		draft->ranges != NULL && draft->sets != NULL && draft->set_of_target != NULL;
	return complete ? 0 : -ENOMEM;
}

static void draft_finish(struct draft *draft)
{
	free(draft->ranges);
	free(draft->sets);
	free(draft->set_of_target);
	port_order_finish(&draft->order);
}

/*
 * Why an address cannot be a source on any host, or NULL: sockets can be bound to such addresses,
 * but TCP does not send from them.
 */
static const char *no_unicast(const struct address *address)
{
	if (address_is_any(address)) {
		return "it is the unspecified address";
	}
	if (address_is_multicast(address)) {
		return "it is a multicast address";
	}
	return address_is_limited_broadcast(address) ? "it is the broadcast address" : NULL;
}

/*
 * Both ends of a range must be addresses of this host. Then the whole range is unicast: other
 * blocks are at the ends of the address space, or longer than a range can be.
 */
static int check_given(const char *text, const struct source_range *range, struct error *error)
{
	const struct address ends[] = {range->first, address_plus(&range->first, range->count - 1)};
	for (size_t i = 0; i < 2; i++) {
		char host[ADDRESS_TEXT_MAX];
		address_format_host(&ends[i], host);
		const char *objection = no_unicast(&ends[i]);
		if (objection != NULL) {
			return error_set(error, -EINVAL,
				"--source: '%s': %s cannot be a source: %s", text, host, objection);
		}
		int r = sources_check(&ends[i]);
		if (r < 0) {
			return error_set(error, -EINVAL,
				"--source: '%s': %s cannot be a source on this host: %s", text,
				host, strerror(-r));
		}
	}
	return 0;
}

/* An address given twice would be counted twice, but has its ports only once. */
static int check_apart(const struct text_list *texts, size_t number,
	const struct source_range *range, struct error *error)
{
	for (size_t i = 0; i < number; i++) {
		struct source_range before;
		int r = source_range_parse(texts->items[i], &before, error);
		if (r < 0) {
			return r;
		}
		if (source_range_overlaps(&before, range)) {
			return error_set(error, -EINVAL,
				"--source: '%s' and '%s' overlap: give each address once",
				texts->items[i], texts->items[number]);
		}
	}
	return 0;
}

/* Adds the given ranges of one family as a set; each family has its own number. */
static int add_given_set(struct draft *draft, struct source_range *at, sa_family_t family,
	const struct text_list *texts, struct error *error)
{
	struct source_set *set = &draft->sets[draft->set_count];
	set->ranges = at;
	for (size_t i = 0; i < texts->count; i++) {
		struct source_range range;
		int r = source_range_parse(texts->items[i], &range, error);
		if (r < 0) {
			error_prefix(error, "--source");
			return r;
		}
		if (range.first.any.sa_family != family) {
			continue;
		}
		r = check_given(texts->items[i], &range, error);
		if (r == 0) {
			r = check_apart(texts, i, &range, error);
		}
		if (r < 0) {
			return r;
		}
		at[set->range_count++] = range;
	}
	draft->set_count++;
	return 0;
}

static int use_given(struct draft *draft, const struct settings *settings,
	const struct targets *targets, struct error *error)
{
	const struct text_list *texts = &settings->sources;
	int r = draft_init(draft, 2 * texts->count, 2, targets->count);
	if (r < 0) {
		return error_set(error, r, "out of memory for the source addresses");
	}
	r = add_given_set(draft, draft->ranges, AF_INET, texts, error);
	if (r == 0) {
		r = add_given_set(draft, draft->ranges + texts->count, AF_INET6, texts, error);
	}
	for (size_t i = 0; r == 0 && i < targets->count; i++) {
		bool v4 = targets->list[i].any.sa_family == AF_INET;
		draft->set_of_target[i] = v4 ? 0 : 1;
		if (draft->sets[draft->set_of_target[i]].range_count == 0) {
			char target[ADDRESS_TEXT_MAX];
			r = error_set(error, -EINVAL,
				"--source: none of the addresses given is an %s one, which the target %s "
				"needs",
				v4 ? "IPv4" : "IPv6", address_format(&targets->list[i], target));
		}
	}
	return r;
}

/* If the host leaves fewer ports than this unassigned, they are too few for a source. */
#define OUTSIDE_MIN 1024

/* How many consecutive loopback addresses the run needs, with one to spare for ports in use. */
static uint64_t loopback_sources(
	const struct port_order *order, const struct settings *settings, size_t targets)
{
	uint64_t ports = order->counts[PORT_BAND_OUTSIDE];
	if (settings->source_port != NULL) {
		ports = TUPLES_PORT_HIGH - TUPLES_PORT_LOW; /* the user chose the range */
	} else if (ports < OUTSIDE_MIN) {
		ports += order->counts[PORT_BAND_LATE];
	}
	/* One of the ports may be the target's own. */
	return ports > 1 ? settings->connections / ((ports - 1) * targets) + 2 : 1;
}

static void find_set(struct draft *draft, const struct settings *settings,
	const struct targets *targets, const struct address *target)
{
	struct source_set *set = &draft->sets[draft->set_count];
	struct source_range *range = &draft->ranges[draft->set_count];
	draft->set_count++;
	set->ranges = range;
	if (sources_preferred(target, &range->first) < 0) {
		return; /* no route: nothing is bound, and connect() reports the error */
	}
	bool v4 = range->first.any.sa_family == AF_INET;
	range->count = v4 && address_is_loopback(&range->first)
		? loopback_sources(&draft->order, settings, targets->count)
		: 1;
	set->range_count = 1;
}

static int find_sources(struct draft *draft, const struct settings *settings,
	const struct targets *targets, struct error *error)
{
	int r = draft_init(draft, targets->count, targets->count, targets->count);
	if (r < 0) {
		return error_set(error, r, "out of memory for the source addresses");
	}
	for (size_t i = 0; i < targets->count; i++) {
		size_t same = 0;
		while (same < i && !address_same_host(&targets->list[same], &targets->list[i])) {
			same++;
		}
		if (same == i) {
			draft->set_of_target[i] = (uint32_t)draft->set_count;
			find_set(draft, settings, targets, &targets->list[i]);
		} else {
			draft->set_of_target[i] = draft->set_of_target[same];
		}
	}
	return 0;
}

int source_select_parse_ports(
	const char *text, uint16_t *ret_low, uint16_t *ret_high, struct error *error)
{
	char *end;
	unsigned long low = strtoul(text, &end, 10);
	unsigned long high = low;
	bool digits = text[0] >= '0' && text[0] <= '9';
	if (digits && *end == '-' && end[1] >= '0' && end[1] <= '9') {
		high = strtoul(end + 1, &end, 10);
	}
	if (!digits || *end != '\0' || low < 1 || high < 1 || low > UINT16_MAX ||
		high > UINT16_MAX) {
		return error_set(error, -EINVAL,
			"'%s' is not a range of ports like 1024-65535, nor 'auto'", text);
	}
	if (low > high) {
		return error_set(
			error, -EINVAL, "'%s' is not ascending: give the lower port first", text);
	}
	*ret_low = (uint16_t)low;
	*ret_high = (uint16_t)high;
	return 0;
}

/* True if the kernel is to choose the ports. */
static bool is_kernels_choice(const struct settings *settings)
{
	return settings->source_port != NULL && strcmp(settings->source_port, "auto") == 0;
}

static int choose_ports(struct port_order *order, const struct settings *settings,
	const struct ports_policy *policy, struct error *error)
{
	struct port_order_params params = {
		.low = TUPLES_PORT_LOW,
		.high = TUPLES_PORT_HIGH,
		.policy = policy,
	};
	if (getrandom(&params.random, sizeof(params.random), 0) != sizeof(params.random)) {
		params.random = 0;
	}
	if (settings->source_port != NULL && !is_kernels_choice(settings)) {
		params.given = true;
		int r = source_select_parse_ports(
			settings->source_port, &params.low, &params.high, error);
		if (r < 0) {
			error_prefix(error, "--source-port");
			return r;
		}
	}
	int r = port_order_init(order, &params);
	return r < 0 ? error_set(error, r, "out of memory for the source ports") : 0;
}

static int find_ports(
	struct port_order *order, const struct settings *settings, struct error *error)
{
	/* Too large for a small stack. */
	CLEANUP(cleanup_free) struct ports_policy *policy = malloc(sizeof(*policy));
	if (policy == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the source ports");
	}
	ports_read(policy);
	return choose_ports(order, settings, policy, error);
}

int source_select_lay_out(struct tuples *tuples, const struct settings *settings,
	const struct targets *targets, struct error *error)
{
	CLEANUP(draft_finish) struct draft draft = {.order = PORT_ORDER_INIT};
	int r = find_ports(&draft.order, settings, error);
	if (r < 0) {
		return r;
	}
	r = settings->sources.count > 0 ? use_given(&draft, settings, targets, error)
					: find_sources(&draft, settings, targets, error);
	if (r < 0) {
		return r;
	}
	const struct tuples_params params = {
		.targets = targets,
		.sets = draft.sets,
		.set_count = draft.set_count,
		.set_of_target = draft.set_of_target,
		.order = &draft.order,
		.port_auto = is_kernels_choice(settings),
	};
	r = tuples_init(tuples, &params);
	return r < 0 ? error_set(error, r, "out of memory for the source addresses") : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * A socket bound to a port of ip_local_port_range takes that port from every automatic connect() in
 * this network namespace. This was measured; it holds whatever the addresses are, for IPv4 and
 * IPv6, and in TIME_WAIT too. (Ports that connect() picked itself are shared between targets.) So a
 * run first uses ports that this host never assigns. Binding the same port on more sources costs
 * others nothing further.
 *
 * After those, the search order of connect() matters. It begins at a port chosen by hash, and tries
 * ports at an even distance from the start of the range before those at an odd distance. If all odd
 * ones are in use, it takes no longer than before. Every eighth even port is used last: with all
 * others in use, an automatic connect() still finds one within four steps (6 µs, as on an idle
 * host; the median is 41 µs if as many ports are left in one block).
 *
 * Ports with a listener are left out: while we have them bound, a server restarted without
 * SO_REUSEADDR would fail. Each band begins at a random place, so that a run rarely meets ports in
 * TIME_WAIT from the run before.
 */
#include "tcpgoon/plan/port_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_automatic(const struct ports_policy *policy, uint16_t port)
{
	return policy->automatic_low > 0 && port >= policy->automatic_low &&
		port <= policy->automatic_high;
}

static enum port_band band_of(const struct port_order_params *params, uint16_t port)
{
	if (params->given || !is_automatic(params->policy, port)) {
		return PORT_BAND_OUTSIDE;
	}
	uint32_t distance = (uint32_t)port - params->policy->automatic_low;
	if (distance % 2 != 0) {
		return PORT_BAND_LATE;
	}
	return distance % PORT_ORDER_RESERVE == 0 ? PORT_BAND_RESERVE : PORT_BAND_EARLY;
}

static bool all_reserved(const struct port_order_params *params)
{
	for (uint32_t port = params->low; port <= params->high; port++) {
		if (!port_set_has(&params->policy->reserved, (uint16_t)port)) {
			return false;
		}
	}
	return true;
}

/* Appends the ports of one band. */
static void add_band(struct port_order *order, const struct port_order_params *params,
	enum port_band band, bool with_reserved)
{
	uint32_t first = order->count;
	for (uint32_t number = params->low; number <= params->high; number++) {
		uint16_t port = (uint16_t)number;
		bool excluded = (!with_reserved && port_set_has(&params->policy->reserved, port)) ||
			(!params->given && port_set_has(&params->policy->listening, port));
		if (!excluded && band_of(params, port) == band) {
			order->list[order->count++] = port;
		}
	}
	order->counts[band] = order->count - first;
}

static void reverse(uint16_t *ports, uint32_t count)
{
	for (uint32_t i = 0; i < count / 2; i++) {
		uint16_t port = ports[i];
		ports[i] = ports[count - 1 - i];
		ports[count - 1 - i] = port;
	}
}

/* Rotates the list so that the port at `begin` comes first. */
static void rotate(uint16_t *ports, uint32_t count, uint32_t begin)
{
	reverse(ports, begin);
	reverse(ports + begin, count - begin);
	reverse(ports, count);
}

static void find_automatic(struct port_order *order, const struct ports_policy *policy)
{
	for (uint32_t number = policy->automatic_low; number <= policy->automatic_high; number++) {
		uint16_t port = (uint16_t)number;
		if (is_automatic(policy, port) && !port_set_has(&policy->reserved, port) &&
			!port_set_has(&policy->listening, port)) {
			port_set_add(&order->automatic, port);
			order->automatic_count++;
		}
	}
}

int port_order_init(struct port_order *order, const struct port_order_params *params)
{
	uint32_t most = (uint32_t)params->high - params->low + 1;
	*order = (struct port_order){.list = calloc(most, sizeof(*order->list))};
	if (order->list == NULL) {
		return -ENOMEM;
	}
	bool with_reserved = params->given && all_reserved(params);
	for (int band = 0; band < PORT_BAND_MAX; band++) {
		uint16_t *ports = order->list + order->count;
		add_band(order, params, (enum port_band)band, with_reserved);
		if (!params->given && order->counts[band] > 0) {
			rotate(ports, order->counts[band], params->random % order->counts[band]);
		}
	}
	find_automatic(order, params->policy);
	return 0;
}

int port_order_copy(struct port_order *ret_order, const struct port_order *order)
{
	uint16_t *list = calloc((size_t)order->count + 1, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	if (order->count > 0) {
		memcpy(list, order->list, order->count * sizeof(*list));
	}
	*ret_order = *order;
	ret_order->list = list;
	return 0;
}

void port_order_finish(struct port_order *order)
{
	free(order->list);
	*order = (struct port_order)PORT_ORDER_INIT;
}

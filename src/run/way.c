/* SPDX-License-Identifier: MIT */
/*
 * A SYN without an answer may never have left this machine: the device of its route has no carrier,
 * or the neighbour on the link did not answer when the kernel asked for its address. The kernel
 * forgets neither within seconds, so a look at the end of the run is enough; and only if dials
 * failed.
 */
#include "run/way.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcpgoon/net/link.h"
#include "tcpgoon/net/procfile.h"
#include "tcpgoon/net/route.h"

static void look_at(
	struct result *result, const struct tuples *tuples, size_t target, uint64_t failed)
{
	struct route route;
	struct address source = {0};
	const struct address *address = &tuples->targets->list[target];
	bool bound = tuples_first_source(tuples, target, &source);
	if (failed == 0 || result->way_count == RESULT_WAYS_MAX ||
		route_find(bound ? &source : NULL, address, &route) < 0 || route.refused != 0) {
		return;
	}
	struct way *way = &result->ways[result->way_count++];
	*way = (struct way){
		.target = *address,
		.source = source,
		.failed = failed,
		.local = route.local,
		.next_hop = route.next_hop,
	};
	if (link_read(route.device, &way->device) < 0) {
		way->device = (struct link_view){.state = LINK_UNKNOWN};
	}
	if (!route.local) {
		way->neighbour = link_neighbour(route.device, &route.next_hop);
	}
}

static uint64_t read_sysctl(const char *device)
{
	char path[64 + IF_NAMESIZE];
	char *text = NULL;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", device);
	if (procfile_read(path, &text) < 0) {
		return 0;
	}
	uint64_t value = strtoull(text, NULL, 10);
	free(text);
	return value;
}

static void look_at_reverse_path(struct reverse_path *view)
{
	view->all = read_sysctl("all") != 0;
	struct if_nameindex *devices = view->all ? NULL : if_nameindex();
	if (devices == NULL) {
		return;
	}
	for (size_t i = 0; devices[i].if_index != 0 && view->device[0] == '\0'; i++) {
		if (read_sysctl(devices[i].if_name) != 0) {
			snprintf(view->device, sizeof(view->device), "%s", devices[i].if_name);
		}
	}
	if_freenameindex(devices);
}

/* The rules that the verdict can name if it finds that this machine dropped or rejected packets. */
static void look_at_rules(struct result *result, const struct targets *targets, uint64_t failed)
{
	for (size_t i = 0; i < RULESET_DEEDS; i++) {
		const struct ruleset_query query = {
			.family = targets->list[0].any.sa_family,
			.port = address_port(&targets->list[0]),
			.packets = failed,
			.deed = (enum ruleset_deed)i,
		};
		/* Without the privilege to read the rules, the verdict names none. */
		(void)ruleset_find(&query, &result->own_rules[i]);
	}
}

/*
 * This host may have dropped packets that it was to send or to receive, of any program. (Over IPv6
 * a RST of this host makes up for the SYN in the counters.)
 */
static bool some_was_dropped(const struct result *result)
{
	return result_added(result, NETSTAT_IP_REQUESTS) >
		result_added(result, NETSTAT_IP_TRANSMITS) ||
		result_added(result, NETSTAT_IP6_REQUESTS) >
		result_added(result, NETSTAT_IP6_TRANSMITS) ||
		result_added(result, NETSTAT_IP_RECEIVES) >
		result_added(result, NETSTAT_IP_DELIVERS) ||
		result_added(result, NETSTAT_RETRANSMIT_FAILS) > 0 || result->icmp.told_here > 0 ||
		result->target.any.sa_family == AF_INET6;
}

void ways_look(const struct plan *plan, struct result *result)
{
	uint64_t failed = result_failed_there(result);
	if (failed == 0) {
		return;
	}
	if (result_added(result, NETSTAT_REVERSE_PATH_FILTERED) > 0) {
		look_at_reverse_path(&result->reverse_path);
	}
	if (some_was_dropped(result)) {
		look_at_rules(result, &plan->targets, failed);
	}
	if (plan->targets.count == 1) {
		look_at(result, &plan->tuples, 0, failed);
	}
	for (size_t i = 0; i < result->target_count; i++) {
		look_at(result, &plan->tuples, i, result->targets[i].failed);
	}
}

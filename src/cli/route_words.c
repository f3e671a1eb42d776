/* SPDX-License-Identifier: MIT */
#include "cli/route_words.h"

#include <stdio.h>

#include "tcpgoon/net/link.h"
#include "tcpgoon/net/route.h"

bool route_words(
	const struct address *source, const struct address *target, char ret_words[ROUTE_WORDS_MAX])
{
	char host[ADDRESS_TEXT_MAX];
	char refuser[ROUTE_TEXT_MAX];
	struct link_view device;
	struct route route;
	if (route_find(source, target, &route) < 0) {
		return false;
	}
	address_format_host(target, host);
	if (route.refused == 0) {
		bool down = link_read(route.device, &device) == 0 && device.state > LINK_UP;
		if (down) {
			snprintf(ret_words, ROUTE_WORDS_MAX, "to %s by the device %s, which %s",
				host, device.name,
				device.state == LINK_DOWN ? "is down" : "has no carrier");
		}
		return down;
	}
	route_find_refuser(source, target, route.refused, refuser);
	if (refuser[0] != '\0') {
		snprintf(ret_words, ROUTE_WORDS_MAX, "none to %s: this machine's own %s", host,
			refuser);
	} else if (link_find_down(target, &device) == 0) {
		snprintf(ret_words, ROUTE_WORDS_MAX, "none to %s: the device %s is down", host,
			device.name);
	} else {
		snprintf(ret_words, ROUTE_WORDS_MAX, "none to %s", host);
	}
	return true;
}

bool route_words_next(const struct plan *plan, size_t *target, char ret_words[ROUTE_WORDS_MAX])
{
	const struct address *list = plan->targets.list;
	for (; *target < plan->targets.count; (*target)++) {
		size_t i = *target;
		if (i > 0 && address_same_host(&list[i], &list[0])) {
			return false;
		}
		struct address source;
		bool bound = tuples_first_source(&plan->tuples, i, &source);
		if (route_words(bound ? &source : NULL, &list[i], ret_words)) {
			(*target)++;
			return true;
		}
	}
	return false;
}

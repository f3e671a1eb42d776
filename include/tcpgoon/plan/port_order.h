/* SPDX-License-Identifier: MIT */
/* The source ports of a run, in order: first those that other programs here miss least. */
#ifndef TCPGOON_PLAN_PORT_ORDER_H
#define TCPGOON_PLAN_PORT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/net/ports.h"

/* Sources use all ports of one band before any source uses the next band. */
enum port_band {
	PORT_BAND_OUTSIDE, /* this host never assigns them, or the user gave them */
	PORT_BAND_LATE, /* this host assigns them, but connect() tries them last */
	PORT_BAND_EARLY, /* connect() tries them first */
	PORT_BAND_RESERVE, /* every eighth port of that range */
	PORT_BAND_MAX,
};

/* One port in this many is used last, so that others find one. */
#define PORT_ORDER_RESERVE 8

struct port_order {
	uint16_t *list; /* owned: each port once, band after band */
	uint32_t counts[PORT_BAND_MAX]; /* ports in each band */
	uint32_t count; /* of all bands */
	/* Ports that this host assigns, without those reserved or listened on. */
	struct port_set automatic;
	uint32_t automatic_count; /* 0: not known */
};

/* Empty: it owns nothing. */
#define PORT_ORDER_INIT \
	{               \
		0       \
	}

/*
 * Ports from `low` to `high`. If the user gave them, they are used in order, including those with a
 * listener; reserved ones are left out unless all are reserved: then they were reserved for this.
 * If not, each band begins at a random place, and ports that are reserved or have a listener are
 * left out.
 */
struct port_order_params {
	uint16_t low;
	uint16_t high;
	bool given;
	uint32_t random;
	const struct ports_policy *policy;
};

/* Returns 0 or -ENOMEM. */
int port_order_init(struct port_order *order, const struct port_order_params *params);
/* Makes a deep copy. Returns 0 or -ENOMEM. */
int port_order_copy(struct port_order *ret_order, const struct port_order *order);
void port_order_finish(struct port_order *order);

#endif

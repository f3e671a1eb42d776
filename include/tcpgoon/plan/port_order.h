/* SPDX-License-Identifier: MIT */
/* Which source ports a run uses, and in which order: those first that others here miss least. */
#ifndef TCPGOON_PLAN_PORT_ORDER_H
#define TCPGOON_PLAN_PORT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/net/ports.h"

/* Every source uses up the ports of one band before any uses the next. */
enum port_band {
	PORT_BAND_OUTSIDE, /* this host hands them out to nobody, or the user gave them */
	PORT_BAND_LATE, /* handed out by it, but tried last by connect() */
	PORT_BAND_EARLY, /* and those that it tries first */
	PORT_BAND_RESERVE, /* of these each eighth port of the range */
	PORT_BAND_MAX,
};

/* What is left to others at the last: one port in so many. */
#define PORT_ORDER_RESERVE 8

struct port_order {
	uint16_t *list; /* owned: each port once, band after band */
	uint32_t counts[PORT_BAND_MAX]; /* ports in each band */
	uint32_t count; /* of all bands */
	/* What this host hands out, without what it reserves and what somebody listens on. */
	struct port_set automatic;
	uint32_t automatic_count; /* 0: not known */
};

/* Empty: it owns nothing. */
#define PORT_ORDER_INIT \
	{               \
		0       \
	}

/*
 * Ports from `low` to `high`. Given by the user, they are used in their order, and those that
 * somebody listens on are tried; those that the host reserves are left out unless all of them are:
 * then they were reserved for this. Else each band begins at a place that `random` chooses, and
 * ports that are reserved or listened on are left out.
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
/* A copy of its own. Returns 0 or -ENOMEM. */
int port_order_copy(struct port_order *ret_order, const struct port_order *order);
void port_order_finish(struct port_order *order);

#endif

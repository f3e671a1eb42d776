/* SPDX-License-Identifier: MIT */
/* The 4-tuple with ordinal n, as a pure function of n. */
#ifndef TCPGOON_PLAN_TUPLES_H
#define TCPGOON_PLAN_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/plan/port_order.h"
#include "tcpgoon/plan/source_range.h"
#include "tcpgoon/plan/targets.h"

/* Lower ports need privileges. */
#define TUPLES_PORT_LOW 1024
#define TUPLES_PORT_HIGH 65535

/* The sources that can reach a target. */
struct source_set {
	const struct source_range *ranges;
	size_t range_count; /* 0: no route is known, so nothing is bound */
};

/* Consecutive ports in the order. */
struct tuple_band {
	uint32_t first; /* index of the first in the order */
	uint32_t ports; /* how many of them a source has for each target */
};

/*
 * The target changes fastest, then the port within its band, then the source, then the band. Every
 * target uses the same number of ports and sources: the smallest number that any has. A target
 * never gets its own port as source port: where source and target are one host, the connection
 * would connect to itself. So a band with such a port has one port less.
 */
struct tuples {
	const struct targets *targets; /* outlives this */
	struct source_range *ranges; /* owned: those of all sets */
	struct source_set *sets; /* owned */
	uint32_t *set_of_target; /* owned: which set each target uses */
	uint32_t
		*own_place; /* owned: index of each target's own port in the order, or UINT32_MAX */
	uint64_t source_count; /* per target; 0: the kernel chooses all */
	struct port_order order; /* owned */
	struct tuple_band bands[PORT_BAND_MAX];
	uint32_t ports; /* per source and target; 0: only the target's own port is left */
	bool port_auto; /* the kernel chooses the port */
};

/* None: it owns nothing. */
#define TUPLES_INIT \
	{           \
		0   \
	}

struct tuple {
	struct address source; /* family AF_UNSPEC: not bound. Port 0: the kernel chooses */
	const struct address *target;
};

/* Everything except the targets is copied. */
struct tuples_params {
	const struct targets *targets;
	const struct source_set *sets;
	size_t set_count;
	const uint32_t *set_of_target; /* one for each target */
	const struct port_order *order;
	bool port_auto;
};

/* Returns 0 or -ENOMEM. */
int tuples_init(struct tuples *tuples, const struct tuples_params *params);
void tuples_finish(struct tuples *tuples);

/* The number of distinct tuples; UINT64_MAX if the kernel chooses. */
uint64_t tuples_capacity(const struct tuples *tuples);

/*
 * How many ports of those that this host assigns automatically the first `count` tuples bind (for
 * the first target). No other program here is assigned such a port, whatever the addresses.
 */
uint32_t tuples_automatic_ports(const struct tuples *tuples, uint64_t count);

/* `ordinal` must be below the capacity. */
struct tuple tuples_at(const struct tuples *tuples, uint64_t ordinal);

/*
 * How many ordinals below `below` have this source, whatever its port; 0 if nothing is bound. Takes
 * constant time.
 */
uint64_t tuples_count_source(
	const struct tuples *tuples, const struct address *source, uint64_t below);

/*
 * The first source of the target with that number; its port is undefined. False if nothing is
 * bound. There may be sources without a usable port.
 */
bool tuples_first_source(const struct tuples *tuples, size_t target, struct address *ret_source);

#endif

/* SPDX-License-Identifier: MIT */
/* From where to where: the 4-tuple with ordinal n, as a pure function of n. */
#ifndef TCPGOON_PLAN_TUPLES_H
#define TCPGOON_PLAN_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/plan/port_order.h"
#include "tcpgoon/plan/source_range.h"
#include "tcpgoon/plan/targets.h"

/* Ports below this are for services with privileges. */
#define TUPLES_PORT_LOW 1024
#define TUPLES_PORT_HIGH 65535

/* The sources that can reach a target. */
struct source_set {
	const struct source_range *ranges;
	size_t range_count; /* 0: no route is known, and nothing is bound */
};

/* Neighbours in the order of the ports. */
struct tuple_band {
	uint32_t first; /* their place in it */
	uint32_t ports; /* a source has of them for each target */
};

/*
 * Targets take turns; then the ports of a band; then the sources; then the bands. Every target uses
 * the same number of ports and of sources: the fewest that any has. A target never gets its own
 * port as a source (on a host that is source and target, a connection would meet itself), so one
 * port fewer in a band that has a target's.
 */
struct tuples {
	const struct targets *targets; /* outlives this */
	struct source_range *ranges; /* owned: those of all sets */
	struct source_set *sets; /* owned */
	uint32_t *set_of_target; /* owned: which set each target uses */
	uint32_t
		*own_place; /* owned: where each target's own port is in the order, or UINT32_MAX */
	uint64_t source_count; /* of each target; 0: the kernel chooses for all */
	struct port_order order; /* owned */
	struct tuple_band bands[PORT_BAND_MAX];
	uint32_t ports; /* a source has for each target; 0: there is but the target's own */
	bool port_auto; /* the kernel chooses the port */
};

/* None: it owns nothing. */
#define TUPLES_INIT \
	{           \
		0   \
	}

struct tuple {
	struct address source; /* family AF_UNSPEC: not bound. Port 0: the kernel's choice */
	const struct address *target;
};

/* All but the targets is copied. */
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

/* How many different tuples there are; UINT64_MAX where the kernel chooses. */
uint64_t tuples_capacity(const struct tuples *tuples);

/*
 * How many of the ports that this host hands out by itself the first `count` tuples bind, as the
 * first target has them: each is taken from every other program here, whatever the addresses.
 */
uint32_t tuples_automatic_ports(const struct tuples *tuples, uint64_t count);

/* `ordinal` is below the capacity. */
struct tuple tuples_at(const struct tuples *tuples, uint64_t ordinal);

/*
 * How many of the ordinals below `below` have this source, whatever its port; 0 where nothing is
 * bound. Pure arithmetic: it costs the same for any number of them.
 */
uint64_t tuples_count_source(
	const struct tuples *tuples, const struct address *source, uint64_t below);

/*
 * The first source that the target with that number is dialled from; its port does not count. False
 * where nothing is bound. Sources may be there without a port that can be used.
 */
bool tuples_first_source(const struct tuples *tuples, size_t target, struct address *ret_source);

#endif

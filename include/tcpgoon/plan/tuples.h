/* SPDX-License-Identifier: MIT */
/* From where to where: the 4-tuple with ordinal n, as a pure function of n. */
#ifndef TCPGOON_PLAN_TUPLES_H
#define TCPGOON_PLAN_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
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

/*
 * Targets take turns; then the ports of a source; then the sources. Every target uses the same
 * number of ports and of sources: the fewest that any has. A target never gets its own port as a
 * source (on a host that is source and target, a connection would meet itself), so one port fewer
 * where a target's lies in the range.
 */
struct tuples {
	const struct targets *targets; /* outlives this */
	struct source_range *ranges; /* owned: those of all sets */
	struct source_set *sets; /* owned */
	uint32_t *set_of_target; /* owned: which set each target uses */
	uint64_t source_count; /* of each target; 0: the kernel chooses for all */
	uint16_t port_low;
	uint16_t port_high;
	uint16_t port_first; /* where the walk over the ports begins; it wraps around */
	uint32_t ports; /* a source has for each target; 0: the range is the target's own */
	bool port_auto; /* the kernel chooses the port */
};

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
	uint16_t port_low;
	uint16_t port_high;
	uint16_t port_first;
	bool port_auto;
};

/* Returns 0 or -ENOMEM. */
int tuples_init(struct tuples *tuples, const struct tuples_params *params);
void tuples_finish(struct tuples *tuples);

/* How many different tuples there are; UINT64_MAX where the kernel chooses. */
uint64_t tuples_capacity(const struct tuples *tuples);

/* `ordinal` is below the capacity. */
struct tuple tuples_at(const struct tuples *tuples, uint64_t ordinal);

/*
 * The inverse: the ordinal of the tuple from `source` to `target` (both with ports), or
 * UINT64_MAX where it is none of these.
 */
uint64_t tuples_ordinal(
	const struct tuples *tuples, const struct address *source, const struct address *target);

#endif

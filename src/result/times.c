/* SPDX-License-Identifier: MIT */
#include "tcpgoon/result/times.h"

#include <stddef.h>

#define OF(member) offsetof(struct result, member)
#define NOWHERE SIZE_MAX

static const struct {
	struct times_row visible;
	size_t expected; /* offsets in struct result */
	size_t apart; /* NOWHERE: what spans a stall is not told from the rest */
} rows[TIMES_MAX] = {
	[TIMES_HANDSHAKE] = {{.name = "handshake",
				     .span = "SYN to SYN-ACK",
				     .side = TIMES_OF_TARGET,
				     .meaning = "the kernel's own measurement of the handshake",
				     .by_kernel = true},
		OF(totals.established), NOWHERE},
	[TIMES_CONNECT] = {{.name = "connect",
				   .span = "dial to established",
				   .side = TIMES_OF_CLIENT,
				   .meaning = "from the dial to established, by the clock",
				   .apart = "connect times"},
		OF(totals.established), OF(stalls.connect_apart)},
	[TIMES_FAILURE] = {{.name = "failure",
				   .span = "dial to error",
				   .side = TIMES_OF_CLIENT,
				   .meaning = "from the dial to its failure, by the clock",
				   .apart = "times to an error",
				   .none = "of none that failed"},
		OF(totals.failed), OF(stalls.failure_apart)},
	[TIMES_LAG] = {{.name = "lag",
			       .span = "due to dialed",
			       .side = TIMES_OF_GENERATOR,
			       .meaning = "from the scheduled instant to the dial"},
		OF(totals.dialed), NOWHERE},
	[TIMES_LIFETIME] = {{.name = "lifetime",
				    .span = "established to dropped",
				    .side = TIMES_OF_TARGET,
				    .meaning = "from established to dropped, by the clock",
				    .apart = "lifetimes",
				    .none = "of none that was dropped"},
		OF(totals.dropped), OF(stalls.lifetime_apart)},
};

static const char *const side_names[] = {
	[TIMES_OF_TARGET] = "target",
	[TIMES_OF_CLIENT] = "client",
	[TIMES_OF_GENERATOR] = "generator",
};

const struct times_row *times_row(enum times times)
{
	return &rows[times].visible;
}

const char *times_side_name(enum times_side side)
{
	return side_names[side];
}

static uint64_t count_at(const struct result *result, size_t offset)
{
	return *(const uint64_t *)((const char *)result + offset);
}

uint64_t times_expected(const struct result *result, enum times times)
{
	return count_at(result, rows[times].expected);
}

uint64_t times_set_apart(const struct result *result, enum times times)
{
	return rows[times].apart == NOWHERE ? 0 : count_at(result, rows[times].apart);
}

bool times_is_told(const struct result *result, enum times times)
{
	return result->times[times].count > 0 &&
		(times != TIMES_LAG || schedule_is_paced(&result->schedule));
}

void times_merge(struct result *into, const struct result *from)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		histogram_merge(&into->times[i], &from->times[i]);
	}
}

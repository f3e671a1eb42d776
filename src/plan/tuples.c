/* SPDX-License-Identifier: MIT */
/*
 * Why the program chooses the source ports itself: the kernel's own choice in connect(2) looks at
 * one parity of ip_local_port_range and collapses from 20 µs to milliseconds once that half is
 * used. And why by arithmetic: a million 4-tuples as a table would be the largest thing in memory.
 *
 *   ordinal = (source * ports + port_step) * targets + target
 *
 * port_step counts along the range from port_first, wrapping around, and skips the target's own
 * port. The inverse undoes these steps one by one.
 */
#include "tcpgoon/plan/tuples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t range_size(const struct tuples *tuples)
{
	return (uint32_t)tuples->port_high - tuples->port_low + 1;
}

static bool in_range(const struct tuples *tuples, uint16_t port)
{
	return port >= tuples->port_low && port <= tuples->port_high;
}

/* Steps from port_first to `port`, wrapping around. */
static uint32_t steps_to(const struct tuples *tuples, uint16_t port)
{
	uint32_t size = range_size(tuples);
	return ((uint32_t)port + size - tuples->port_first) % size;
}

static bool any_target_port_in_range(const struct tuples *tuples)
{
	for (size_t i = 0; i < tuples->targets->count; i++) {
		if (in_range(tuples, address_port(&tuples->targets->list[i]))) {
			return true;
		}
	}
	return false;
}

int tuples_init(struct tuples *tuples, const struct tuples_params *params)
{
	*tuples = (struct tuples){
		.targets = params->targets,
		.source_ranges = params->source_ranges,
		.port_low = params->port_low,
		.port_high = params->port_high,
		.port_first = params->port_first,
		.port_auto = params->port_auto,
	};
	if (params->source_ranges > 0) {
		size_t bytes = params->source_ranges * sizeof(*tuples->sources);
		tuples->sources = malloc(bytes);
		if (tuples->sources == NULL) {
			return -ENOMEM;
		}
		memcpy(tuples->sources, params->sources, bytes);
	}
	for (size_t i = 0; i < params->source_ranges; i++) {
		tuples->source_count += params->sources[i].count;
	}
	tuples->ports = range_size(tuples) - (any_target_port_in_range(tuples) ? 1 : 0);
	return 0;
}

void tuples_finish(struct tuples *tuples)
{
	free(tuples->sources);
	*tuples = (struct tuples){0};
}

static bool kernel_chooses(const struct tuples *tuples)
{
	return tuples->port_auto || tuples->source_count == 0;
}

uint64_t tuples_capacity(const struct tuples *tuples)
{
	if (kernel_chooses(tuples)) {
		return UINT64_MAX;
	}
	return tuples->source_count * tuples->ports * tuples->targets->count;
}

/* The source with number `number`, counted over all ranges. */
static struct address source_at(const struct tuples *tuples, uint64_t number)
{
	size_t range = 0;
	while (number >= tuples->sources[range].count) {
		number -= tuples->sources[range].count;
		range++;
	}
	return address_plus(&tuples->sources[range].first, number);
}

static uint16_t port_at(const struct tuples *tuples, uint32_t step, uint16_t target_port)
{
	if (in_range(tuples, target_port) && step >= steps_to(tuples, target_port)) {
		step++;
	}
	uint32_t offset = (uint32_t)(tuples->port_first - tuples->port_low) + step;
	return (uint16_t)(tuples->port_low + offset % range_size(tuples));
}

struct tuple tuples_at(const struct tuples *tuples, uint64_t ordinal)
{
	const struct address *target = &tuples->targets->list[ordinal % tuples->targets->count];
	struct tuple tuple = {.target = target};
	if (tuples->source_count == 0) {
		return tuple;
	}
	uint64_t rest = ordinal / tuples->targets->count;
	if (tuples->port_auto) {
		tuple.source = source_at(tuples, rest % tuples->source_count);
		return tuple;
	}
	tuple.source = source_at(tuples, rest / tuples->ports);
	uint32_t step = (uint32_t)(rest % tuples->ports);
	address_set_port(&tuple.source, port_at(tuples, step, address_port(target)));
	return tuple;
}

static bool find_target(
	const struct tuples *tuples, const struct address *target, uint64_t *ret_number)
{
	for (size_t i = 0; i < tuples->targets->count; i++) {
		const struct address *candidate = &tuples->targets->list[i];
		if (address_port(candidate) == address_port(target) &&
			address_same_host(candidate, target)) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

static bool find_source(
	const struct tuples *tuples, const struct address *source, uint64_t *ret_number)
{
	uint64_t before = 0;
	for (size_t i = 0; i < tuples->source_ranges; i++) {
		const struct source_range *range = &tuples->sources[i];
		uint64_t distance = address_distance(&range->first, source);
		if (distance < range->count) {
			*ret_number = before + distance;
			return true;
		}
		before += range->count;
	}
	return false;
}

uint64_t tuples_ordinal(
	const struct tuples *tuples, const struct address *source, const struct address *target)
{
	uint64_t target_number;
	uint64_t source_number;
	uint16_t port = address_port(source);
	uint16_t target_port = address_port(target);
	if (kernel_chooses(tuples) || !in_range(tuples, port) || port == target_port ||
		!find_target(tuples, target, &target_number) ||
		!find_source(tuples, source, &source_number)) {
		return UINT64_MAX;
	}
	uint32_t step = steps_to(tuples, port);
	if (in_range(tuples, target_port) && step > steps_to(tuples, target_port)) {
		step--;
	}
	if (step >= tuples->ports) {
		return UINT64_MAX;
	}
	return (source_number * tuples->ports + step) * tuples->targets->count + target_number;
}

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

static uint64_t count_sources(const struct source_set *set)
{
	uint64_t count = 0;
	for (size_t i = 0; i < set->range_count; i++) {
		count += set->ranges[i].count;
	}
	return count;
}

/* The fewest that a set with a route has; 0 where none has. */
static uint64_t fewest_sources(const struct source_set *sets, size_t count)
{
	uint64_t fewest = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		uint64_t sources = count_sources(&sets[i]);
		if (sources > 0 && sources < fewest) {
			fewest = sources;
		}
	}
	return fewest == UINT64_MAX ? 0 : fewest;
}

static int copy_sets(struct tuples *tuples, const struct tuples_params *params)
{
	size_t range_count = 0;
	for (size_t i = 0; i < params->set_count; i++) {
		range_count += params->sets[i].range_count;
	}
	tuples->sets = calloc(params->set_count + 1, sizeof(*tuples->sets));
	tuples->ranges = calloc(range_count + 1, sizeof(*tuples->ranges));
	tuples->set_of_target = calloc(params->targets->count, sizeof(*tuples->set_of_target));
	if (tuples->sets == NULL || tuples->ranges == NULL || tuples->set_of_target == NULL) {
		tuples_finish(tuples);
		return -ENOMEM;
	}
	struct source_range *next = tuples->ranges;
	for (size_t i = 0; i < params->set_count; i++) {
		const struct source_set *set = &params->sets[i];
		tuples->sets[i] =
			(struct source_set){.ranges = next, .range_count = set->range_count};
		for (size_t j = 0; j < set->range_count; j++) {
			*next++ = set->ranges[j];
		}
	}
	memcpy(tuples->set_of_target, params->set_of_target,
		params->targets->count * sizeof(*tuples->set_of_target));
	return 0;
}

int tuples_init(struct tuples *tuples, const struct tuples_params *params)
{
	*tuples = (struct tuples){
		.targets = params->targets,
		.source_count = fewest_sources(params->sets, params->set_count),
		.port_low = params->port_low,
		.port_high = params->port_high,
		.port_first = params->port_first,
		.port_auto = params->port_auto,
	};
	tuples->ports = range_size(tuples) - (any_target_port_in_range(tuples) ? 1 : 0);
	return copy_sets(tuples, params);
}

void tuples_finish(struct tuples *tuples)
{
	free(tuples->ranges);
	free(tuples->sets);
	free(tuples->set_of_target);
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

static const struct source_set *set_of(const struct tuples *tuples, uint64_t target)
{
	return &tuples->sets[tuples->set_of_target[target]];
}

/* The source with number `number`, counted over all ranges of the set. */
static struct address source_at(const struct source_set *set, uint64_t number)
{
	size_t range = 0;
	while (number >= set->ranges[range].count) {
		number -= set->ranges[range].count;
		range++;
	}
	return address_plus(&set->ranges[range].first, number);
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
	uint64_t target_number = ordinal % tuples->targets->count;
	struct tuple tuple = {.target = &tuples->targets->list[target_number]};
	const struct source_set *set = set_of(tuples, target_number);
	if (set->range_count == 0) {
		return tuple;
	}
	uint64_t rest = ordinal / tuples->targets->count;
	if (tuples->port_auto) {
		tuple.source = source_at(set, rest % tuples->source_count);
		return tuple;
	}
	tuple.source = source_at(set, rest / tuples->ports);
	uint32_t step = (uint32_t)(rest % tuples->ports);
	address_set_port(&tuple.source, port_at(tuples, step, address_port(tuple.target)));
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
	const struct source_set *set, const struct address *source, uint64_t *ret_number)
{
	uint64_t before = 0;
	for (size_t i = 0; i < set->range_count; i++) {
		const struct source_range *range = &set->ranges[i];
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
		!find_source(set_of(tuples, target_number), source, &source_number) ||
		source_number >= tuples->source_count) {
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

/* SPDX-License-Identifier: MIT */
/*
 * The program chooses source ports itself, because connect(2) first looks at ports of one parity in
 * ip_local_port_range, and slows down from 20 µs to milliseconds once that half is used. It
 * computes them, because a table of a million 4-tuples would be the largest object in memory. Only
 * the order of the ports is a table: at most 128 KiB, read sequentially.
 *
 *   ordinal = ((ordinals of the bands before) + source * band ports + step) * targets + target
 *
 * The step counts along the band and skips the target's own port.
 */
#include "tcpgoon/plan/tuples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count_sources(const struct source_set *set)
{
	uint64_t count = 0;
	for (size_t i = 0; i < set->range_count; i++) {
		count += set->ranges[i].count;
	}
	return count;
}

/* The smallest number of sources of a target with a route; 0 if no target has one. */
static uint64_t fewest_sources(const struct tuples_params *params)
{
	uint64_t fewest = UINT64_MAX;
	for (size_t i = 0; i < params->targets->count; i++) {
		uint64_t sources = count_sources(&params->sets[params->set_of_target[i]]);
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

/* Finds each target's own port in one pass over the order, as both may have 64,512 entries. */
static int find_own_places(struct tuples *tuples)
{
	uint32_t *places = malloc((UINT16_MAX + 1) * sizeof(*places));
	tuples->own_place = calloc(tuples->targets->count, sizeof(*tuples->own_place));
	if (places == NULL || tuples->own_place == NULL) {
		free(places);
		return -ENOMEM;
	}
	memset(places, 0xff, (UINT16_MAX + 1) * sizeof(*places));
	for (uint32_t i = 0; i < tuples->order.count; i++) {
		places[tuples->order.list[i]] = i;
	}
	for (size_t i = 0; i < tuples->targets->count; i++) {
		tuples->own_place[i] = places[address_port(&tuples->targets->list[i])];
	}
	free(places);
	return 0;
}

static bool is_within(const struct tuple_band *band, uint32_t count, uint32_t place)
{
	return place >= band->first && place - band->first < count;
}

static void lay_out_bands(struct tuples *tuples)
{
	uint32_t first = 0;
	for (size_t i = 0; i < PORT_BAND_MAX; i++) {
		struct tuple_band *band = &tuples->bands[i];
		uint32_t count = tuples->order.counts[i];
		*band = (struct tuple_band){.first = first, .ports = count};
		for (size_t t = 0; t < tuples->targets->count; t++) {
			if (is_within(band, count, tuples->own_place[t])) {
				band->ports = count - 1;
				break;
			}
		}
		tuples->ports += band->ports;
		first += count;
	}
}

int tuples_init(struct tuples *tuples, const struct tuples_params *params)
{
	*tuples = (struct tuples){
		.targets = params->targets,
		.source_count = fewest_sources(params),
		.port_auto = params->port_auto,
	};
	int r = port_order_copy(&tuples->order, params->order);
	if (r == 0) {
		r = copy_sets(tuples, params);
	}
	if (r == 0) {
		r = find_own_places(tuples);
	}
	if (r < 0) {
		tuples_finish(tuples);
		return r;
	}
	lay_out_bands(tuples);
	return 0;
}

void tuples_finish(struct tuples *tuples)
{
	free(tuples->ranges);
	free(tuples->sets);
	free(tuples->set_of_target);
	free(tuples->own_place);
	port_order_finish(&tuples->order);
	*tuples = (struct tuples)TUPLES_INIT;
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

/* The source with this number, counted over all ranges of the set. */
static struct address source_at(const struct source_set *set, uint64_t number)
{
	size_t range = 0;
	while (number >= set->ranges[range].count) {
		number -= set->ranges[range].count;
		range++;
	}
	return address_plus(&set->ranges[range].first, number);
}

/* The port `step` steps along the band, for a target whose own port is at `own_place`. */
static uint16_t port_at(const struct tuples *tuples, const struct tuple_band *band, uint32_t step,
	uint32_t own_place)
{
	uint32_t place = band->first + step;
	if (own_place >= band->first && place >= own_place) {
		place++;
	}
	return tuples->order.list[place];
}

uint32_t tuples_automatic_ports(const struct tuples *tuples, uint64_t count)
{
	uint32_t found = 0;
	if (kernel_chooses(tuples)) {
		return 0;
	}
	uint64_t left = count / tuples->targets->count + (count % tuples->targets->count > 0);
	for (size_t i = 0; i < PORT_BAND_MAX && left > 0; i++) {
		const struct tuple_band *band = &tuples->bands[i];
		uint64_t all = tuples->source_count * band->ports;
		for (uint32_t step = 0; step < band->ports && step < left; step++) {
			uint16_t port = port_at(tuples, band, step, tuples->own_place[0]);
			found += port_set_has(&tuples->order.automatic, port);
		}
		left -= left < all ? left : all;
	}
	return found;
}

struct tuple tuples_at(const struct tuples *tuples, uint64_t ordinal)
{
	size_t target_number = targets_turn(tuples->targets, ordinal);
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
	const struct tuple_band *band = tuples->bands;
	while (rest >= tuples->source_count * band->ports) {
		rest -= tuples->source_count * band->ports;
		band++;
	}
	tuple.source = source_at(set, rest / band->ports);
	uint32_t step = (uint32_t)(rest % band->ports);
	address_set_port(
		&tuple.source, port_at(tuples, band, step, tuples->own_place[target_number]));
	return tuple;
}

bool tuples_first_source(const struct tuples *tuples, size_t target, struct address *ret_source)
{
	const struct source_set *set = set_of(tuples, target);
	if (set->range_count == 0) {
		return false;
	}
	*ret_source = source_at(set, 0);
	return true;
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

/* How many numbers below `limit` have the remainder `first` when divided by `step`. */
static uint64_t count_stepped(uint64_t first, uint64_t step, uint64_t limit)
{
	return limit > first ? (limit - first - 1) / step + 1 : 0;
}

/* How many of the first `count` tuples of a target have the source with this number. */
static uint64_t count_of_source(const struct tuples *tuples, uint64_t number, uint64_t count)
{
	if (tuples->port_auto) {
		return count_stepped(number, tuples->source_count, count);
	}
	uint64_t total = 0;
	uint64_t before = 0; /* tuples of earlier bands and, in this band, of earlier sources */
	for (size_t i = 0; i < PORT_BAND_MAX; i++) {
		uint64_t ports = tuples->bands[i].ports;
		uint64_t own = before + number * ports;
		uint64_t rest = count > own ? count - own : 0;
		total += rest < ports ? rest : ports;
		before += tuples->source_count * ports;
	}
	return total;
}

uint64_t tuples_count_source(
	const struct tuples *tuples, const struct address *source, uint64_t below)
{
	uint64_t total = 0;
	uint64_t targets = tuples->targets->count;
	for (uint64_t i = 0; i < targets; i++) {
		uint64_t number;
		if (find_source(set_of(tuples, i), source, &number) &&
			number < tuples->source_count) {
			total += count_of_source(tuples, number, count_stepped(i, targets, below));
		}
	}
	return total;
}

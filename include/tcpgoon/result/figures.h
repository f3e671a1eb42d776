/* SPDX-License-Identifier: MIT */
/* The scalars of a result, one row each: name, unit, meaning, and how two of them make one. */
#ifndef TCPGOON_RESULT_FIGURES_H
#define TCPGOON_RESULT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"

/* What a figure describes; in the JSON report each group is an object. */
enum figure_group {
	FIGURES_RUN, /* the run as a whole: these are in no object */
	FIGURES_CONNECTIONS,
	FIGURES_KERNEL,
	FIGURES_STALLS,
	FIGURES_CLOSING,
	FIGURES_LISTENER,
	FIGURES_TABLES,
	FIGURES_ICMP,
	FIGURES_GENERATOR,
	FIGURES_QUOTA,
	FIGURES_HOST,
	FIGURES_LEFT,
	FIGURE_GROUPS,
};

enum figure_unit {
	FIGURE_COUNT,
	FIGURE_NS,
	FIGURE_US,
	FIGURE_BYTES,
};

/* How to merge a figure of two results that are parts of one run. */
enum figure_merge {
	FIGURE_SUM, /* unknown if one of them is */
	FIGURE_GREATEST, /* of those that are known */
	FIGURE_LEAST,
	FIGURE_FIRST, /* that of the first result */
	FIGURE_SAME, /* the common value: unknown if they differ */
};

struct figure {
	const char *name; /* as programs read it: unique within its group */
	const char *title; /* as people read it, without its unit */
	enum figure_group group;
	enum figure_unit unit;
	enum figure_merge merge;
	bool may_be_unknown;
	/*
	 * Offset and size of a flag or count: a figure of 0 is known only if that is not 0. Size 0:
	 * the figure itself is RESULT_UNKNOWN if it is not known.
	 */
	size_t known_by;
	size_t known_by_size;
	bool by_kernel; /* the kernel told it, and had to be asked */
	size_t offset; /* in struct result: a uint64_t or uint32_t of `size` bytes */
	size_t size;
	/* For thresholds: */
	const char *metric; /* its name there; NULL: it is no metric */
	size_t share_of; /* offset of the count that its shares are of */
	size_t at_most; /* offset of its upper bound if it is a lower bound; otherwise 0 */
};

/* NULL beyond the last. The figures of a group are consecutive. */
const struct figure *figure_at(size_t index);
/* The figure at this offset; NULL if there is none. */
const struct figure *figure_by_offset(size_t offset);

/* "kernel"; NULL for the run as a whole. */
const char *figure_group_name(enum figure_group group);

/*
 * For formats that have base units: the name with the base unit in place of its own
 * ("longest_ns" is "longest_seconds"), and how many of its units are one of those.
 */
#define FIGURE_BASE_NAME_MAX 64
char *figure_base_name(const struct figure *figure, char buffer[FIGURE_BASE_NAME_MAX]);
uint64_t figure_per_base_unit(const struct figure *figure);

/* RESULT_UNKNOWN if the run could not tell. */
uint64_t figure_value(const struct figure *figure, const struct result *result);
/*
 * RESULT_UNKNOWN is allowed if the figure may be unknown. False if it does not fit: nothing is set.
 */
bool figure_set(const struct figure *figure, struct result *result, uint64_t value);

/* Merges the figures of `from` into those of `into`, each in its way. */
void figures_merge(struct result *into, const struct result *from);

#endif

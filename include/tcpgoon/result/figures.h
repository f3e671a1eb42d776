/* SPDX-License-Identifier: MIT */
/* The scalars of a result, one row each: name, unit, meaning, and how two of them make one. */
#ifndef TCPGOON_RESULT_FIGURES_H
#define TCPGOON_RESULT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"

/* What a figure tells of; in the JSON report each is an object. */
enum figure_group {
	FIGURES_RUN, /* the run as a whole: these stand in no object */
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

/* How the figures of two results, of parts of one run, make one. */
enum figure_merge {
	FIGURE_SUM, /* unknown where one of them is */
	FIGURE_GREATEST, /* of those that are known */
	FIGURE_LEAST,
	FIGURE_FIRST, /* that of the first result */
	FIGURE_SAME, /* of all: unknown where they differ */
};

struct figure {
	const char *name; /* as programs read it: unique within its group */
	const char *title; /* as people read it, without its unit */
	enum figure_group group;
	enum figure_unit unit;
	enum figure_merge merge;
	bool may_be_unknown;
	/*
	 * Offset and size of a flag or count, where a figure that is 0 is known only if that is not;
	 * of no size: it is RESULT_UNKNOWN itself where it is not known.
	 */
	size_t known_by;
	size_t known_by_size;
	bool by_kernel; /* the kernel told it, and had to be asked */
	size_t offset; /* in struct result: a uint64_t or uint32_t of `size` bytes */
	size_t size;
	/* Where thresholds can ask for it: */
	const char *metric; /* its name there; NULL: they cannot */
	size_t share_of; /* offset of the count that its shares are of */
	size_t at_most; /* offset of its upper bound, where it is a lower one; else 0 */
};

/* NULL beyond the last. Those of a group lie together. */
const struct figure *figure_at(size_t index);
/* The one that lies there; NULL where there is none. */
const struct figure *figure_by_offset(size_t offset);

/* "kernel"; NULL of the run as a whole. */
const char *figure_group_name(enum figure_group group);

/* RESULT_UNKNOWN where the run could not tell. */
uint64_t figure_value(const struct figure *figure, const struct result *result);
/* RESULT_UNKNOWN is allowed where it may be unknown. Returns whether it fits; else nothing is set. */
bool figure_set(const struct figure *figure, struct result *result, uint64_t value);

/* Puts the figures of `from` to those of `into`, each in its way. */
void figures_merge(struct result *into, const struct result *from);

#endif

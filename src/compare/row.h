/* SPDX-License-Identifier: MIT */
/* One number of all runs of both sides, and whether it has changed. */
#ifndef TCPGOON_COMPARE_ROW_H
#define TCPGOON_COMPARE_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/measure.h"
#include "tcpgoon/compare/side.h"

/* Why nothing can be proven of a row. */
enum row_doubt {
	ROW_NO_DOUBT,
	ROW_UNKNOWN, /* of both sides */
	ROW_ONE_SIDE, /* it is known of one side only */
	ROW_FEW_RUNS, /* even sides that are wholly apart would prove nothing */
	ROW_FEW_VALUES, /* one run a side, of too few connections for this percentile */
	ROW_ONE_RUN, /* one run a side says nothing about the spread of this number */
};

struct row_side {
	double *values; /* owned; sorted; of the runs that know it */
	size_t known;
	double middle; /* the median; NAN where none knows it */
	/* Its 95% interval; NAN where there are too few. Of one run a side: that of its number. */
	double low;
	double high;
};

struct row {
	struct measure measure;
	struct row_side a;
	struct row_side b;
	double change; /* of B against A: 0.1 is ten percent more; INFINITY where A is 0 */
	bool same; /* all runs of both sides agree */
	bool judged; /* it is one of those that may be proven at once */
	enum row_doubt doubt;
	double p; /* of U; NAN where it was not computed */
	bool proven; /* it has changed */
};

/* Returns 0 or -ENOMEM. */
int row_init(struct row *row, const struct measure *measure, const struct comparison_side *a,
	const struct comparison_side *b);
void row_finish(struct row *row);

/*
 * Of several runs: the p of U, and whether so many could prove anything at `alpha`. Returns as
 * above.
 */
int row_rank(struct row *row, double alpha);

/* Of one run a side: sets the intervals to those of its own numbers; INFINITY: no upper end. */
void row_bound_pair(struct row *row, const struct result *a, const struct result *b);

/* Of one run a side: sets `proven`, as the essay explains, or `doubt`. */
void row_judge_pair(struct row *row, const struct result *a, const struct result *b, double alpha);

/* One run a side: the change that is not put down to the spread of runs. */
#define ROW_PAIR_FACTOR 3
#define ROW_PAIR_TIME_US 20000
#define ROW_PAIR_SHARE 0.01
#define ROW_PAIR_BURST 32
#define ROW_PAIR_BURSTS_MIN 20

#endif

/* SPDX-License-Identifier: MIT */
#include "tcpgoon/stats/statistic.h"

#include "tcpgoon/base/clock.h"

static const struct {
	const char *name;
	const char *key;
	double percentile; /* 0: it is none */
} rows[STATISTICS] = {
	[STATISTIC_MIN] = {"min", "min", 0},
	[STATISTIC_MEAN] = {"mean", "mean", 0},
	[STATISTIC_P50] = {"p50", "p50", 50},
	[STATISTIC_P90] = {"p90", "p90", 90},
	[STATISTIC_P99] = {"p99", "p99", 99},
	[STATISTIC_P99_9] = {"p99.9", "p999", 99.9},
	[STATISTIC_MAX] = {"max", "max", 0},
	[STATISTIC_STDDEV] = {"stddev", "stddev", 0},
};

const char *statistic_name(enum statistic statistic)
{
	return rows[statistic].name;
}

const char *statistic_key(enum statistic statistic)
{
	return rows[statistic].key;
}

bool statistic_is_percentile(enum statistic statistic)
{
	return rows[statistic].percentile > 0;
}

double statistic_percentile(enum statistic statistic)
{
	return rows[statistic].percentile;
}

bool statistic_is_extreme(enum statistic statistic)
{
	return statistic == STATISTIC_MIN || statistic == STATISTIC_MAX;
}

uint64_t statistic_ns(const struct histogram *histogram, enum statistic statistic)
{
	switch (statistic) {
	case STATISTIC_MIN:
		return histogram->min_us * NSEC_PER_USEC;
	case STATISTIC_MAX:
		return histogram->max_us * NSEC_PER_USEC;
	case STATISTIC_MEAN:
		return histogram_mean_ns(histogram);
	case STATISTIC_STDDEV:
		return histogram_stddev_ns(histogram);
	case STATISTIC_P50:
	case STATISTIC_P90:
	case STATISTIC_P99:
	case STATISTIC_P99_9:
	case STATISTICS:
		break;
	}
	return histogram_percentile(histogram, rows[statistic].percentile) * NSEC_PER_USEC;
}

void statistics_ns(const struct histogram *histogram, uint64_t ret_ns[STATISTICS])
{
	double percentiles[STATISTICS];
	uint64_t values_us[STATISTICS];
	size_t count = 0;
	for (int i = 0; i < STATISTICS; i++) {
		if (rows[i].percentile > 0) {
			percentiles[count++] = rows[i].percentile;
		}
	}
	histogram_percentiles(histogram, percentiles, count, values_us);
	count = 0;
	for (int i = 0; i < STATISTICS; i++) {
		ret_ns[i] = rows[i].percentile > 0 ? values_us[count++] * NSEC_PER_USEC
						   : statistic_ns(histogram, (enum statistic)i);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * A share is not read back: it is computed from two figures. Where only bounds of its count are
 * known, the interval goes from the low end of the one to the high end of the other. The most
 * connections open at one time are no share: whether one was among them depends on the others.
 */
#include "report/json_shares.h"

#include "tcpgoon/report/json_value.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/stats/interval.h"

static json_t *make_end(double end, bool known)
{
	return known ? json_real(end) : json_null();
}

static json_t *make_share(const struct figure *figure, const struct result *result)
{
	const struct figure *whole = figure_by_offset(figure->share_of);
	uint64_t of = figure_value(whole, result);
	uint64_t least = figure_value(figure, result);
	uint64_t most = figure->at_most == 0
		? least
		: figure_value(figure_by_offset(figure->at_most), result);
	/* A stored result may say that a part is greater than its whole. */
	bool has_low = of > 0 && least <= of;
	bool has_high = of > 0 && most <= of;
	double low = has_low ? interval_of_ratio(least, of, INTERVAL_CONFIDENCE).low : 0;
	double high = has_high ? interval_of_ratio(most, of, INTERVAL_CONFIDENCE).high : 0;
	bool exact = has_low && has_high && least == most;
	return json_pack("{s:s, s:o, s:o, s:o}", "of", whole->name, "share",
		json_value_ratio((double)least, exact ? (double)of : 0), "low",
		make_end(low, has_low), "high", make_end(high, has_high));
}

json_t *json_shares_make(const struct result *result)
{
	json_t *shares = json_object();
	int r = 0;
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure->metric != NULL && figure->merge == FIGURE_SUM) {
			r |= json_object_set_new(
				shares, figure->metric, make_share(figure, result));
		}
	}
	if (r != 0) {
		json_decref(shares);
		return NULL;
	}
	return shares;
}

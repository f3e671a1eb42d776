/* SPDX-License-Identifier: MIT */
/*
 * What became of the established connections. An idle timeout ends each the same time after its own
 * beginning: the lifetimes agree. A server that goes away ends them all at one instant: the ends
 * agree. If all were dialled at one instant, both agree; then the listener decides, if it can be
 * seen, or whichever agrees more closely.
 *
 * A server that closes its oldest connection to admit a new one also gives each the same lifetime
 * if the pace is steady. It stops when the dials stop, and the remaining connections then outlive
 * that lifetime.
 */
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "verdict/rules.h"

/* Lifetimes agree if they differ from the median by at most this. */
#define TOGETHER_PERCENT 10
#define TOGETHER_MIN_US UINT64_C(1000000)
/* No idle timeout is shorter than this. */
#define IDLE_MIN_US UINT64_C(1000000)
#define IDLE_DROPS_MIN 5
/* Ends agree if they lie within this. */
#define INSTANT_NS NSEC_PER_SEC
/* A server that makes room for a dial does so within this time. */
#define ROOM_MADE_NS NSEC_PER_SEC

/* The drops, without connections ended at once. */
struct drops {
	uint64_t count;
	uint64_t median_us;
	uint64_t around_us; /* how far from the median still counts as close */
	uint64_t together; /* close to the median */
	uint64_t shortest_us;
	uint64_t longest_us;
	uint64_t first_ns; /* since the start of the run */
	uint64_t last_ns;
};

static const enum cause late_causes[] = {CAUSE_CLOSED_BY_PEER, CAUSE_RESET_BY_PEER};

#define LATE_CAUSES (sizeof(late_causes) / sizeof(late_causes[0]))

static void look_at_ends(const struct result *result, struct drops *drops)
{
	drops->first_ns = UINT64_MAX;
	for (size_t i = 0; i < LATE_CAUSES; i++) {
		const struct cause_tally *tally = &result->causes[late_causes[i]];
		if (tally->count == 0) {
			continue;
		}
		drops->count += tally->count;
		drops->first_ns =
			tally->first_ns < drops->first_ns ? tally->first_ns : drops->first_ns;
		drops->last_ns = tally->last_ns > drops->last_ns ? tally->last_ns : drops->last_ns;
	}
}

/* Number of lifetimes from `low_us` to `high_us`, by the lowest value of each slot. */
static uint64_t count_between(const struct histogram *lifetime, uint64_t low_us, uint64_t high_us)
{
	uint64_t count = 0;
	for (size_t i = histogram_slot(low_us); i <= histogram_slot(high_us); i++) {
		count += lifetime->counts[i];
	}
	return count;
}

/* The middle of a slot, but not beyond the shortest and the longest lifetime. */
static uint64_t middle_us(const struct histogram *lifetime, size_t slot)
{
	uint64_t lowest_us = histogram_slot_lowest_us(slot);
	uint64_t middle = lowest_us + (histogram_slot_highest_us(slot) - lowest_us) / 2;
	if (middle > lifetime->max_us) {
		return lifetime->max_us;
	}
	return middle > lifetime->min_us ? middle : lifetime->min_us;
}

/* Shortest, median and longest lifetime of the connections not ended at once. */
static void look_at_lifetimes(const struct histogram *lifetime, struct drops *drops)
{
	size_t first = histogram_slot(CAUSE_AT_ONCE_NS / NSEC_PER_USEC);
	uint64_t count = 0;
	for (size_t i = first; i < HISTOGRAM_COUNTS_LENGTH; i++) {
		count += lifetime->counts[i];
	}
	uint64_t passed = 0;
	for (size_t i = first; i < HISTOGRAM_COUNTS_LENGTH && passed < count; i++) {
		if (lifetime->counts[i] == 0) {
			continue;
		}
		if (passed == 0) {
			drops->shortest_us = histogram_slot_lowest_us(i);
		}
		if (passed * 2 < count) {
			drops->median_us = middle_us(lifetime, i);
		}
		passed += lifetime->counts[i];
		drops->longest_us = histogram_slot_lowest_us(i);
	}
	uint64_t around_us = drops->median_us / 100 * TOGETHER_PERCENT;
	around_us = around_us > TOGETHER_MIN_US ? around_us : TOGETHER_MIN_US;
	uint64_t low_us = drops->median_us > around_us ? drops->median_us - around_us : 0;
	low_us = low_us > CAUSE_AT_ONCE_NS / NSEC_PER_USEC ? low_us
							   : CAUSE_AT_ONCE_NS / NSEC_PER_USEC;
	drops->around_us = around_us;
	drops->together = count_between(lifetime, low_us, drops->median_us + around_us);
}

static struct drops look_at_drops(const struct result *result)
{
	struct drops drops = {0};
	look_at_ends(result, &drops);
	if (drops.count > 0 && result->times[TIMES_LIFETIME].count > 0) {
		look_at_lifetimes(&result->times[TIMES_LIFETIME], &drops);
	}
	return drops;
}

/* The ends are so close that it is unclear whether they or the lifetimes agree. */
static bool could_be_an_instant(const struct drops *drops)
{
	uint64_t ends_apart_us = (drops->last_ns - drops->first_ns) / NSEC_PER_USEC;
	return drops->last_ns - drops->first_ns <= INSTANT_NS &&
		ends_apart_us <= 2 * (drops->longest_us - drops->shortest_us);
}

static bool lifetimes_lie_together(const struct drops *drops)
{
	return drops->median_us >= IDLE_MIN_US && drops->together >= IDLE_DROPS_MIN &&
		drops->together * 2 >= drops->count;
}

/* Nothing was dropped after the last dial, although connections were left. */
static bool ended_with_the_dials(const struct result *result, const struct drops *drops)
{
	return result->at_end.established > 0 &&
		drops->last_ns <= result->generator.last_dial_ns + ROOM_MADE_NS;
}

/* The remaining connections are older than the dropped ones became. */
static bool survivors_are_older(const struct result *result, const struct drops *drops)
{
	return result->at_end.established > 0 &&
		rule_watched_ns(result) / NSEC_PER_USEC > drops->median_us + drops->around_us;
}

/*
 * At full speed a server makes room so quickly that it seems to admit no connection. But the first
 * ones were closed, and all dialed after them stayed.
 */
static bool first_were_closed_at_once(const struct result *result, struct finding *finding)
{
	uint64_t at_once = rule_ended_at_once(result);
	uint64_t last = result->last_rejected;
	if (at_once < IDLE_DROPS_MIN || result_failed_there(result) > 0 ||
		result->at_end.established < IDLE_DROPS_MIN || last == RESULT_UNKNOWN ||
		last + 1 > at_once + 1 + at_once / 50) {
		return false;
	}
	finding->count = at_once;
	rule_say(finding->evidence,
		"The first %" PRIu64 " of %" PRIu64
		" connections %s ended within 500 ms; the %" PRIu64
		" dialled after them stayed open.",
		at_once, result->totals.established, plural_were(at_once),
		result->at_end.established);
	rule_say(finding->hint,
		"A server that closes its oldest connections to admit new ones does "
		"that. It had at most %" PRIu64 " open: check its connection limit "
		"(worker_connections in nginx). A server that only then began to serve "
		"looks the same: a slower --sleep tells them apart.",
		result->max_concurrent);
	return true;
}

bool rule_oldest_closed(const struct result *result, struct finding *finding)
{
	struct drops drops = look_at_drops(result);
	if (drops.count == 0) {
		return first_were_closed_at_once(result, finding);
	}
	if (!lifetimes_lie_together(&drops) || !ended_with_the_dials(result, &drops) ||
		!survivors_are_older(result, &drops)) {
		return false;
	}
	char lifetime[RULE_TEXT_MAX];
	char watched[RULE_TEXT_MAX];
	finding->count = drops.count;
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connections %s closed at an age of about %s while "
		"others were dialled, and none after the last dial: the %" PRIu64 " that "
		"%s left stayed open for %s.",
		drops.count, result->totals.established, plural_were(drops.count),
		rule_seconds(drops.median_us * NSEC_PER_USEC, lifetime), result->at_end.established,
		plural_were(result->at_end.established),
		rule_seconds(rule_watched_ns(result), watched));
	rule_say(finding->hint,
		"This is not an idle timeout: the server closes its oldest connections "
		"to admit new ones, and had at most %" PRIu64 " open. Raise its "
		"connection limit (worker_connections in nginx).",
		result->max_concurrent);
	return true;
}

/* Most ended, or began, while this program was stalled, so it saw them all at one time. */
static bool stall_hides_them(const struct result *result, const struct drops *drops)
{
	return drops->count > 0 && result->stalls.lifetime_apart * 2 >= drops->count;
}

bool rule_server_went_away(const struct result *result, struct finding *finding)
{
	struct drops drops = look_at_drops(result);
	if (stall_hides_them(result, &drops) && !rule_listener_left(result)) {
		return false;
	}
	bool nearly_all = drops.count >= 2 &&
		drops.count * 10 >= (result->totals.established - rule_ended_at_once(result)) * 9;
	if (!nearly_all || drops.last_ns - drops.first_ns > INSTANT_NS) {
		return false;
	}
	uint64_t ends_apart_us = (drops.last_ns - drops.first_ns) / NSEC_PER_USEC;
	bool ends_closer = ends_apart_us * 2 < drops.longest_us - drops.shortest_us;
	bool one_instant = ends_closer && !result->listener.known_at_end;
	if (!rule_listener_left(result) && lifetimes_lie_together(&drops) && !one_instant) {
		return false;
	}
	char when[RULE_TEXT_MAX];
	char apart[RULE_TEXT_MAX];
	finding->count = drops.count;
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connections ended together, %s into the run and within %s%s.",
		drops.count, result->totals.established, rule_seconds(drops.first_ns, when),
		rule_seconds(drops.last_ns - drops.first_ns, apart),
		rule_listener_left(result) ? ", and nothing listens there any more" : "");
	rule_say(finding->hint,
		"The server, or a proxy in front of it, went away or restarted: check "
		"its log for that moment, and for an out-of-memory kill.");
	return true;
}

bool rule_idle_timeout(const struct result *result, struct finding *finding)
{
	struct drops drops = look_at_drops(result);
	if (!lifetimes_lie_together(&drops)) {
		return false;
	}
	char lifetime[RULE_TEXT_MAX];
	char others[FINDING_TEXT_MAX] = "";
	bool reset =
		rule_cause(result, CAUSE_RESET_BY_PEER) > rule_cause(result, CAUSE_CLOSED_BY_PEER);
	finding->count = drops.together < drops.count ? drops.together : drops.count;
	if (survivors_are_older(result, &drops)) {
		rule_say(others, ", while %" PRIu64 " are older and still open",
			result->at_end.established);
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connection%s %s %s %s after %s %s established%s: an idle timeout.",
		finding->count, result->totals.established, plural(result->totals.established),
		plural_were(finding->count), reset ? "reset" : "closed",
		rule_seconds(drops.median_us * NSEC_PER_USEC, lifetime),
		plural_they(finding->count), plural_were(finding->count), others);
	rule_say(finding->hint,
		"Raise that timeout on the server or balancer, or send something more "
		"often.%s%s",
		could_be_an_instant(&drops)
			? " All were dialled close together, so a restart would look the same: a "
			  "longer --sleep tells them apart."
			: "",
		ended_with_the_dials(result, &drops)
			? " A server that closes its oldest connections to admit new ones would "
			  "look the same: a longer --hold tells them apart."
			: "");
	return true;
}

bool rule_silent(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_SILENT);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s went silent: data sent on %s was not "
		"answered.",
		finding->count, result->totals.established, plural(result->totals.established),
		finding->count == 1 ? "it" : "them");
	rule_say(finding->hint, "%s", cause_hint(CAUSE_SILENT));
	return true;
}

bool rule_dropped_while_held(const struct result *result, struct finding *finding)
{
	struct drops drops = look_at_drops(result);
	finding->count = drops.count;
	if (drops.count == 0) {
		return false;
	}
	char first[RULE_TEXT_MAX];
	char median[RULE_TEXT_MAX];
	char when[2 * RULE_TEXT_MAX + 64] = "when is not known, because this program was stalled";
	if (!stall_hides_them(result, &drops)) {
		snprintf(when, sizeof(when),
			drops.count == 1 ? "%s into the run, %s after it was established"
					 : "the first %s into the run, half of them within %s of "
					   "being established",
			rule_seconds(drops.first_ns, first),
			rule_seconds(drops.median_us * NSEC_PER_USEC, median));
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s %s dropped (%" PRIu64 " closed, %" PRIu64
		" reset), %s.",
		drops.count, result->totals.established, plural(result->totals.established),
		plural_were(drops.count), rule_cause(result, CAUSE_CLOSED_BY_PEER),
		rule_cause(result, CAUSE_RESET_BY_PEER), when);
	rule_say(finding->hint, "%s",
		cause_hint(rule_cause(result, CAUSE_RESET_BY_PEER) >
					rule_cause(result, CAUSE_CLOSED_BY_PEER)
				? CAUSE_RESET_BY_PEER
				: CAUSE_CLOSED_BY_PEER));
	return true;
}

/*
 * The connections were harmed: idle and counted as open, but their peer was gone. Without --hold
 * this is only a remark: perhaps only the FINs were dropped.
 */
bool rule_fin_unanswered(const struct result *result, struct finding *finding)
{
	const struct closing_view *closing = &result->closing;
	char waited[RULE_TEXT_MAX];
	if (closing->unanswered == 0 || closing->unanswered == RESULT_UNKNOWN) {
		return false;
	}
	finding->count = closing->unanswered;
	finding->weight = result->held ? FINDING_FAILURE : FINDING_REMARK;
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s still open here did not answer "
		"when %s %s closed: %s retransmitted FINs were unanswered after %s.",
		closing->unanswered, closing->closed, plural(closing->closed),
		plural_they(closing->unanswered), plural_were(closing->unanswered),
		closing->unanswered == 1 ? "its" : "their",
		rule_seconds(closing->waited_ns, waited));
	rule_say(finding->hint, "%s",
		result->held
			? "They were dead, or a firewall drops FINs. The usual cause is a NAT or "
			  "firewall that forgets idle connections without a RST: compare its idle "
			  "timeout with the hold, or use keepalives."
			: "A firewall drops FINs, or the server has not completed the handshake, as "
			  "with a full accept queue: --hold 2s tells the two apart.");
	return true;
}

bool rule_reset_while_closing(const struct result *result, struct finding *finding)
{
	const struct closing_view *closing = &result->closing;
	if (closing->reset == 0 || closing->reset == RESULT_UNKNOWN) {
		return false;
	}
	finding->count = closing->reset;
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s closed with a FIN still ended in a RST.",
		closing->reset, closing->closed, plural(closing->closed));
	rule_say(finding->hint,
		"The peer kept sending, or it answered the FIN with a reset, as it does "
		"when it no longer knows the connection.");
	return true;
}

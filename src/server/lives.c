/* SPDX-License-Identifier: MIT */
/*
 * Pure: no socket and no clock. Times count from the accept and are the same for all, so those
 * whose end is due are the oldest of one list, in the order of the accepts. That list also says who
 * is the oldest of too many, and a place in it divides those that are silent from those that are
 * not yet. So every step takes the same time with ten connections and with a million.
 *
 * slow-read: after each read, of at most a tenth of what a second allows, a connection pauses for
 * as long as the most it could have read may take. All pauses are equally long, so they end in the
 * order in which they began. Who reads less pauses as long: the rate is a maximum.
 *
 * The lists take 16 bytes a connection each, and there is none that the behaviour does not need.
 */
#include "server/lives.h"

#include "tcpgoon/base/clock.h"

#define READS_PER_SECOND 10

static uint64_t value_of(const struct lives *lives, enum behave word)
{
	return lives->behaviour->value[word]; /* 0 if it is not given */
}

void lives_init(struct lives *lives, const struct behaviour *behaviour, uint32_t slots_per_block)
{
	*lives = (struct lives){.behaviour = behaviour};
	uint64_t close_ns = value_of(lives, BEHAVE_CLOSE_AFTER);
	lives->end_after_ns = close_ns > 0 ? close_ns : value_of(lives, BEHAVE_RESET_AFTER);
	uint64_t rate = value_of(lives, BEHAVE_SLOW_READ);
	if (rate > 0) {
		uint64_t size = rate / READS_PER_SECOND;
		lives->read_size = size > 0 ? (uint32_t)size : 1;
		lives->pause_ns = lives->read_size * NSEC_PER_SEC / rate;
	}
	place_list_init(&lives->ages, slots_per_block);
	place_list_init(&lives->pauses, slots_per_block);
}

void lives_finish(struct lives *lives)
{
	place_list_finish(&lives->ages);
	place_list_finish(&lives->pauses);
}

static bool has_ages(const struct lives *lives)
{
	return lives->end_after_ns > 0 || value_of(lives, BEHAVE_SILENT_AFTER) > 0 ||
		value_of(lives, BEHAVE_RECYCLE_OLDEST) > 0;
}

int lives_add_block(struct lives *lives)
{
	int r = has_ages(lives) ? place_list_add_block(&lives->ages) : 0;
	return r == 0 && lives->pause_ns > 0 ? place_list_add_block(&lives->pauses) : r;
}

void lives_begin(struct lives *lives, struct place place, uint64_t now_ns)
{
	if (!has_ages(lives)) {
		return;
	}
	place_list_append(&lives->ages, place, now_ns);
	if (!lives->has_next_silent) {
		lives->next_silent = place;
		lives->has_next_silent = true;
	}
}

static void step_over(struct lives *lives, struct place place)
{
	lives->has_next_silent = place_list_newer(&lives->ages, place, &lives->next_silent);
}

void lives_end(struct lives *lives, struct place place)
{
	if (lives->has_next_silent && lives->next_silent.block == place.block &&
		lives->next_silent.slot == place.slot) {
		step_over(lives, place);
	}
	place_list_remove(&lives->ages, place);
	place_list_remove(&lives->pauses, place);
}

bool lives_pause(struct lives *lives, struct place place, uint64_t now_ns)
{
	if (lives->pause_ns > 0) {
		place_list_append(&lives->pauses, place, now_ns);
	}
	return lives->pause_ns > 0;
}

/* The next that is to end, and when: 0 for the oldest of too many. */
static bool next_end(const struct lives *lives, struct place *ret_place, enum life_step *ret_step,
	uint64_t *ret_ns)
{
	uint64_t most = value_of(lives, BEHAVE_RECYCLE_OLDEST);
	bool too_many = most > 0 && lives->ages.count > most;
	uint64_t since_ns;
	if ((!too_many && lives->end_after_ns == 0) ||
		!place_list_oldest(&lives->ages, ret_place, &since_ns)) {
		return false;
	}
	if (too_many) {
		*ret_step = LIFE_RECYCLE;
		*ret_ns = 0;
		return true;
	}
	*ret_step = value_of(lives, BEHAVE_CLOSE_AFTER) > 0 ? LIFE_CLOSE : LIFE_RESET;
	*ret_ns = since_ns + lives->end_after_ns;
	return true;
}

static uint64_t silence_ns(const struct lives *lives)
{
	uint64_t after_ns = value_of(lives, BEHAVE_SILENT_AFTER);
	return after_ns > 0 && lives->has_next_silent
		? place_list_at(&lives->ages, lives->next_silent) + after_ns
		: CLOCK_NEVER;
}

static uint64_t resume_ns(const struct lives *lives, struct place *ret_place)
{
	uint64_t since_ns;
	return place_list_oldest(&lives->pauses, ret_place, &since_ns) ? since_ns + lives->pause_ns
								       : CLOCK_NEVER;
}

bool lives_take_due(
	struct lives *lives, uint64_t now_ns, struct place *ret_place, enum life_step *ret_step)
{
	uint64_t end_ns;
	if (next_end(lives, ret_place, ret_step, &end_ns) && end_ns <= now_ns) {
		lives_end(lives, *ret_place);
		return true;
	}
	if (silence_ns(lives) <= now_ns) {
		*ret_place = lives->next_silent;
		*ret_step = LIFE_SILENCE;
		step_over(lives, *ret_place);
		place_list_remove(&lives->pauses, *ret_place);
		return true;
	}
	struct place paused;
	if (resume_ns(lives, &paused) <= now_ns) {
		*ret_place = paused;
		*ret_step = LIFE_RESUME;
		place_list_remove(&lives->pauses, paused);
		return true;
	}
	return false;
}

uint64_t lives_due_ns(const struct lives *lives)
{
	struct place place;
	enum life_step step;
	uint64_t end_ns;
	uint64_t due_ns = next_end(lives, &place, &step, &end_ns) ? end_ns : CLOCK_NEVER;
	due_ns = clock_earlier(due_ns, silence_ns(lives));
	return clock_earlier(due_ns, resume_ns(lives, &place));
}

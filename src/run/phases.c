/* SPDX-License-Identifier: MIT */
/*
 * A phase only says what the loop waits for: it has something to do in every turn, and the next one
 * follows when it is over. If a signal or the observer cuts a phase short, the disarming follows.
 * Connections change state in every phase, by their events (harvest.c).
 */
#include "run/phases.h"

#include "run/harvest.h"
#include "run/way.h"
#include "tcpgoon/base/clock.h"

/* Connections that one turn closes: enough to fill a submission, not a queue. */
#define CLOSE_BATCH 64
/* Connections that one turn walks over while asking: most may be closed already. */
#define WALK_BATCH 4096

/*
 * How long a hold goes on without a connection: a server that exits ends its connections before its
 * listening socket, and the end of the run looks for that socket.
 */
#define LAST_LOOK_NS (200 * NSEC_PER_MSEC)

static void tell(
	struct run_state *run, enum event_kind kind, uint64_t connections, uint64_t duration_ns)
{
	const struct event event = {
		.kind = kind,
		.elapsed_ns = run->now_ns - run->table.start_ns,
		.count = connections,
		.duration_ns = duration_ns,
	};
	reporter_event(&run->reporter, &event);
}

static void begin_holding(struct run_state *run)
{
	uint64_t hold_ns = run->plan->settings.hold_ns;
	run_state_take_numbers(run);
	counters_end_dialling(&run->counters, run->result);
	run->hold_until_ns = run->now_ns + hold_ns;
	if (hold_ns > 0) {
		counters_look_at_queues(&run->counters, run->now_ns);
	}
	if (hold_ns > 0 && run->table.by_state[CONN_ESTABLISHED] > 0) {
		tell(run, EVENT_HOLDING, run->table.by_state[CONN_ESTABLISHED], hold_ns);
	}
}

static enum result_end why_it_ended(const struct run_state *run)
{
	if (run->interrupted) {
		return RESULT_INTERRUPTED;
	}
	return run->aborted ? RESULT_ABORTED : RESULT_COMPLETED;
}

/* A chain that began after the numbers were taken would dial a connection that no report counts. */
static void begin_disarming(struct run_state *run)
{
	run_state_take_numbers(run);
	if (run->phase == PHASE_DIALING) {
		counters_end_dialling(&run->counters, run->result);
	}
	run->walk_left = run->dialer.next;
}

static void count_ports_left(const struct run_state *run, struct leftover *left)
{
	const struct tuples *tuples = &run->plan->tuples;
	if (tuples->order.automatic_count > 0) {
		left->ports_of = tuples->order.automatic_count;
		left->ports = left->ports_of -
			tuples_automatic_ports(
				tuples, tuple_pool_used(&run->pool, run->dialer.prepared));
	}
}

static void begin_asking(struct run_state *run)
{
	struct result *result = run->result;
	run_state_take_numbers(run);
	counters_end(&run->counters, run->transport, result);
	ways_look(run->plan, result);
	count_ports_left(run, &result->left);
	series_end(&result->series, &result->at_end);
	result->end = why_it_ended(run);
	survey_watch(&run->survey, run->now_ns);
	run->walk_left = result->kernel.possible ? run->dialer.next : 0;
	if (result->kernel.possible) {
		tell(run, EVENT_ASKING, result->at_end.established, 0);
	}
}

static bool is_cut_short(const struct run_state *run)
{
	return run->interrupted || run->aborted;
}

/* Asks a second time about the connections that the first answer left in doubt. */
static void begin_asking_again(struct run_state *run)
{
	uint64_t again_ns = survey_again_ns(&run->survey);
	if (again_ns != CLOCK_NEVER && again_ns > run->now_ns && !is_cut_short(run)) {
		tell(run, EVENT_LOOKING_AGAIN, run->survey.doubted.count, again_ns - run->now_ns);
	}
}

/* Asks again when it is time, or at once if the run is cut short. Returns the next time. */
static uint64_t ask_again(struct run_state *run)
{
	uint64_t again_ns = survey_again_ns(&run->survey);
	if (run->now_ns < again_ns && !is_cut_short(run)) {
		return clock_earlier(again_ns, survey_watch_ns(&run->survey));
	}
	survey_ask_again(&run->survey, run->now_ns);
	return run->now_ns;
}

static void begin_closing(struct run_state *run)
{
	survey_conclude(&run->survey);
	closing_begin(&run->closing, run->dialer.prepared);
	tell(run, EVENT_CLOSING, run->result->at_end.established, 0);
}

/*
 * Whether the connection is open or being dialled. One that has just failed or ended may still have
 * its watch in flight, but the survey dealt with it at that time.
 */
static bool is_under_way(const struct table *table, uint32_t index)
{
	enum conn_state state = table_state(table, index);
	return (state == CONN_ESTABLISHED || state == CONN_DIALING) &&
		table_holds(table, index, CONN_IN_FLIGHT);
}

/* Asks about a batch of connections that are open or still being dialled. */
static void ask_some(struct run_state *run)
{
	uint32_t batch[SURVEY_BATCH];
	size_t count = 0;
	for (unsigned i = 0; i < WALK_BATCH && count < SURVEY_BATCH && run->walk_left > 0; i++) {
		uint32_t index = (uint32_t)--run->walk_left;
		if (is_under_way(&run->table, index)) {
			batch[count++] = index;
		}
	}
	survey_ask(&run->survey, batch, count, run->now_ns);
}

/*
 * Closes a batch of open connections: stops what is in flight; a connection is settled when it is
 * idle. The last dialled comes first: the kernel keeps a ring's pending requests in a small hash
 * whose chains have the newest in front, and from the other end each CANCEL would walk its whole
 * chain.
 */
static int close_some(struct run_state *run)
{
	for (unsigned i = 0; i < CLOSE_BATCH; i++) {
		uint32_t index;
		bool more;
		int r = closing_step(&run->closing, run->now_ns, &index, &more);
		if (r == 0 && more) {
			r = harvest_settle(run, index);
		}
		if (r < 0 || !more) {
			return r;
		}
	}
	return 0;
}

/* Disarms each armed connection once; all of them are among the last that the dialer has taken. */
static int disarm(struct run_state *run)
{
	int r = 0;
	uint64_t left = run->table.armed;
	while (r == 0 && left > 0 && run->walk_left > 0) {
		uint32_t index = (uint32_t)--run->walk_left;
		if (table_holds(&run->table, index, CONN_ARMED)) {
			r = run->transport->ops->disarm(
				run->transport, table_slot(&run->table, index));
			left--;
		}
	}
	run->walk_left = 0;
	return r;
}

/* Gives up the dials that have timed out. */
static int give_up_overdue(struct run_state *run)
{
	int r = 0;
	struct slot slot;
	while (r == 0 && dial_queue_take(&run->queue, run->now_ns, &slot)) {
		r = run->transport->ops->give_up(run->transport, slot);
	}
	return r;
}

/* When dialling next has something to do: a dial, a timeout, or its end. */
static uint64_t next_dialling_ns(struct run_state *run)
{
	if (table_decided(&run->table)) {
		return run->now_ns; /* if none was dialled, no event would wake us */
	}
	return clock_earlier(
		dialer_next_ns(&run->dialer, run->now_ns), dial_queue_next_ns(&run->queue));
}

/* Asks about a batch of ended connections, which may be closed after that. */
static int answer_questions(struct run_state *run)
{
	uint32_t batch[SURVEY_BATCH];
	size_t count = survey_take(&run->survey, batch);
	survey_ask(&run->survey, batch, count, run->now_ns);
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		table_release(&run->table, batch[i], CONN_QUESTIONED);
		r = harvest_settle(run, batch[i]);
	}
	return r;
}

/* Ends the hold early if no connection is left, or none ever was. */
static void shorten_hold(struct run_state *run)
{
	uint64_t look_ns = run->result->totals.established > 0 ? LAST_LOOK_NS : 0;
	if (run->table.by_state[CONN_ESTABLISHED] == 0) {
		run->hold_until_ns = clock_earlier(run->hold_until_ns, run->now_ns + look_ns);
	}
}

/* When the loop next takes a sample, asks the observer, or looks at the queues. */
static uint64_t next_look_ns(const struct run_state *run)
{
	uint64_t series_ns = run->table.start_ns + series_next_ns(&run->result->series);
	return clock_earlier(run->review_ns, clock_earlier(series_ns, run->counters.next_look_ns));
}

static int work_dialing(struct run_state *run, uint64_t *ret_until_ns)
{
	int r = dialer_advance(&run->dialer, run->now_ns, run->error);
	if (r == 0) {
		r = give_up_overdue(run);
	}
	*ret_until_ns = clock_earlier(next_dialling_ns(run), next_look_ns(run));
	return r;
}

static bool dialing_is_over(const struct run_state *run)
{
	return table_decided(&run->table);
}

static int work_holding(struct run_state *run, uint64_t *ret_until_ns)
{
	shorten_hold(run);
	*ret_until_ns = clock_earlier(run->hold_until_ns,
		clock_earlier(next_look_ns(run), survey_watch_ns(&run->survey)));
	return 0;
}

static bool holding_is_over(const struct run_state *run)
{
	return run->now_ns >= run->hold_until_ns;
}

static int work_disarming(struct run_state *run, uint64_t *ret_until_ns)
{
	*ret_until_ns = CLOCK_NEVER;
	return disarm(run);
}

static bool disarming_is_over(const struct run_state *run)
{
	return run->table.armed == 0;
}

static int work_asking(struct run_state *run, uint64_t *ret_until_ns)
{
	ask_some(run);
	*ret_until_ns = run->now_ns;
	return 0;
}

static bool asking_is_over(const struct run_state *run)
{
	return run->walk_left == 0;
}

static int work_asking_again(struct run_state *run, uint64_t *ret_until_ns)
{
	*ret_until_ns = ask_again(run);
	return 0;
}

static bool asking_again_is_over(const struct run_state *run)
{
	return survey_again_ns(&run->survey) == CLOCK_NEVER;
}

static int work_closing(struct run_state *run, uint64_t *ret_until_ns)
{
	int r = close_some(run);
	*ret_until_ns = closing_next_ns(&run->closing, run->now_ns);
	return r;
}

static bool closing_is_over(const struct run_state *run)
{
	return run->table.occupied == 0;
}

static void begin_looking(struct run_state *run)
{
	closing_begin_looking(&run->closing, run->now_ns);
}

static int work_looking(struct run_state *run, uint64_t *ret_until_ns)
{
	bool more = closing_look(&run->closing, run->now_ns);
	*ret_until_ns = more ? run->closing.look_ns : run->now_ns;
	return 0;
}

static bool looking_is_over(const struct run_state *run)
{
	return !run->closing.looking;
}

static const struct phase_row {
	void (*begin)(struct run_state *run); /* when the previous one is over; NULL: nothing */
	int (*work)(struct run_state *run, uint64_t *ret_until_ns); /* in every turn */
	bool (*is_over)(const struct run_state *run);
	bool can_be_cut; /* by a signal or by the observer */
} rows[PHASE_MAX] = {
	[PHASE_DIALING] = {NULL, work_dialing, dialing_is_over, true},
	[PHASE_HOLDING] = {begin_holding, work_holding, holding_is_over, true},
	[PHASE_DISARMING] = {begin_disarming, work_disarming, disarming_is_over, false},
	[PHASE_ASKING] = {begin_asking, work_asking, asking_is_over, false},
	[PHASE_ASKING_AGAIN] = {begin_asking_again, work_asking_again, asking_again_is_over, false},
	[PHASE_CLOSING] = {begin_closing, work_closing, closing_is_over, false},
	[PHASE_LOOKING] = {begin_looking, work_looking, looking_is_over, false},
	[PHASE_OVER] = {NULL, NULL, NULL, false},
};

int phases_work(struct run_state *run, uint64_t *ret_until_ns)
{
	int r = answer_questions(run);
	if (r < 0) {
		return r;
	}
	r = rows[run->phase].work(run, ret_until_ns);
	if (run->survey.waiting.count > 0) {
		*ret_until_ns = run->now_ns;
	}
	return r;
}

/* The phase that follows now; the same one if it is not over. */
static enum phase next_phase(const struct run_state *run)
{
	const struct phase_row *row = &rows[run->phase];
	if (run->phase == PHASE_OVER) {
		return PHASE_OVER;
	}
	if (row->is_over(run)) {
		return run->phase + 1;
	}
	return row->can_be_cut && is_cut_short(run) ? PHASE_DISARMING : run->phase;
}

void phases_advance(struct run_state *run)
{
	for (enum phase next = next_phase(run); next != run->phase; next = next_phase(run)) {
		if (rows[next].begin != NULL) {
			rows[next].begin(run);
		}
		run->phase = next;
	}
}

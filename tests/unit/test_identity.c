/* SPDX-License-Identifier: MIT */
/*
 * Random lives of the connections of a few slots, event by event, with events that come late, twice
 * or of an earlier use of the slot among them: after each of them the table, the counters of the
 * result and what is closed must be what a model of a few lines says. The seed is printed:
 *
 *   TCPGOON_SEED=7 TCPGOON_STEPS=10000000 build/tests/unit/test_identity
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/harvest.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define SEED 20261125
#define STEPS UINT64_C(10000000)
#define EPOCH_STEPS UINT64_C(20000) /* of one run */
#define SLOTS 48
#define TIMEOUT_NS (100 * NSEC_PER_MSEC) /* as long as some hundred events take */
#define REMEMBERED 256 /* events that may come again */

/* What the transport has of a slot, and what its connection must be. */
struct model_slot {
	bool placed;
	bool in_flight;
	bool armed;
	bool answered; /* ANSWERED, CONNECTED or FAILED has come */
	bool open;
	bool ended; /* FAILED or ENDED has come */
	bool stopping;
	bool closing; /* close() was called */
	uint16_t generation;
	enum conn_state state;
	bool unconfirmed; /* counted as answered, and neither CONNECTED nor FAILED */
	bool goes_again;
	bool questioned;
	bool received;
	bool given_up; /* its time was over, and dial_queue_take() said so */
	uint64_t began_ns;
};

struct model_counts {
	uint64_t by_state[CONN_STATE_MAX];
	uint64_t armed;
	uint64_t occupied;
	uint64_t unconfirmed;
	uint64_t dialed;
	uint64_t established;
	uint64_t received;
	uint64_t causes; /* of all kinds */
	uint64_t told; /* by ICMP */
};

struct model {
	struct transport transport; /* first */
	struct run_state run;
	struct model_slot slots[SLOTS];
	struct model_counts counts;
	struct transport_event remembered[REMEMBERED];
	uint64_t remembered_count;
	uint64_t random;
	uint64_t seed;
	uint64_t step;
	bool dial_again; /* what dialer_again() says of the dial that fails now */
};

static struct model *current;

/* There are spare tuples whenever the model wants one, for any number of steps. */
bool __wrap_dialer_again(struct dialer *dialer, uint32_t index);
bool __wrap_dialer_again(struct dialer *dialer, uint32_t index)
{
	(void)dialer;
	(void)index;
	return current->dial_again;
}

#define model_fails(what, number)                                                 \
	fail_msg("slot %u: %s; seed %llu, step %llu", (unsigned)(number), (what), \
		(unsigned long long)current->seed, (unsigned long long)current->step)

/* xorshift64*, by Sebastiano Vigna. */
static uint64_t draw(struct model *model, uint64_t below)
{
	model->random ^= model->random >> 12;
	model->random ^= model->random << 25;
	model->random ^= model->random >> 27;
	return ((model->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static bool numbers_are_taken(const struct model *model)
{
	return run_state_numbers_are_taken(&model->run);
}

/* The transport: it only notes what is asked of it. */

static struct model_slot *slot_of(struct transport *transport, struct slot slot)
{
	struct model *model = (struct model *)transport;
	struct model_slot *found = &model->slots[slot.number];
	if (slot.generation != found->generation) {
		model_fails("of another use", slot.number);
	}
	return found;
}

static int model_stop(struct transport *transport, struct slot slot)
{
	struct model_slot *found = slot_of(transport, slot);
	found->stopping = found->in_flight;
	return 0;
}

static int model_half_close(struct transport *transport, struct slot slot)
{
	const struct model_slot *found = slot_of(transport, slot);
	if (!found->in_flight || !found->open) {
		model_fails("half-closed, and it is not open", slot.number);
	}
	return 0;
}

static int model_close(struct transport *transport, struct slot slot, bool answers_fin)
{
	struct model_slot *found = slot_of(transport, slot);
	if (!found->placed || found->in_flight || found->closing) {
		model_fails("closed twice, or while something is in flight", slot.number);
	}
	if (answers_fin != (found->state == CONN_CLOSED)) {
		model_fails("closed as if the peer had, or had not", slot.number);
	}
	found->closing = true;
	return 0;
}

static int model_create(const struct transport_params *params, struct transport **ret_transport,
	struct error *error)
{
	(void)params;
	(void)error;
	*ret_transport = &current->transport;
	return 0;
}

static void model_destroy(struct transport *transport)
{
	(void)transport;
}

static const struct transport_ops transport_model = {
	.name = "model",
	.create = model_create,
	.destroy = model_destroy,
	.stop = model_stop,
	.half_close = model_half_close,
	.close = model_close,
};

/* The model: what each event must do. */

static void move(struct model *model, struct model_slot *slot, enum conn_state state)
{
	model->counts.by_state[slot->state]--;
	model->counts.by_state[state]++;
	slot->state = state;
}

static bool is_dialing(const struct model *model, const struct model_slot *slot)
{
	return slot->state == CONN_DIALING && !numbers_are_taken(model);
}

static void set_armed(struct model *model, struct model_slot *slot, bool armed)
{
	model->counts.armed += (uint64_t)armed - (uint64_t)slot->armed;
	slot->armed = armed;
}

static void set_unconfirmed(struct model *model, struct model_slot *slot, bool unconfirmed)
{
	model->counts.unconfirmed += (uint64_t)unconfirmed - (uint64_t)slot->unconfirmed;
	slot->unconfirmed = unconfirmed;
}

static void expect_failed(
	struct model *model, struct model_slot *slot, const struct transport_event *event)
{
	bool dialing = is_dialing(model, slot);
	slot->answered = true;
	slot->ended = true;
	if (!dialing) {
		return;
	}
	set_unconfirmed(model, slot, false);
	if (event->error_number == EADDRNOTAVAIL && model->dial_again) {
		slot->goes_again = true;
		return;
	}
	move(model, slot, CONN_ERROR);
	model->counts.causes++;
	model->counts.told += event->icmp != NULL;
	slot->questioned = event->error_number == ECANCELED;
}

static void expect_ended(
	struct model *model, struct model_slot *slot, const struct transport_event *event)
{
	slot->ended = true;
	if (slot->state == CONN_ESTABLISHED && !numbers_are_taken(model)) {
		move(model, slot, CONN_CLOSED);
		model->counts.causes++;
		slot->questioned = event->error_number == 0;
	}
}

static void expect(
	struct model *model, struct model_slot *slot, const struct transport_event *event)
{
	switch (event->kind) {
	case TRANSPORT_STARTED:
		slot->began_ns = event->at_ns;
		set_armed(model, slot, false);
		move(model, slot, CONN_DIALING);
		model->counts.dialed++;
		break;
	case TRANSPORT_ANSWERED:
		slot->answered = true;
		set_unconfirmed(model, slot, is_dialing(model, slot));
		break;
	case TRANSPORT_CONNECTED:
		slot->answered = true;
		slot->open = true;
		if (is_dialing(model, slot)) {
			set_unconfirmed(model, slot, false);
			move(model, slot, CONN_ESTABLISHED);
			model->counts.established++;
		}
		break;
	case TRANSPORT_FAILED:
		expect_failed(model, slot, event);
		break;
	case TRANSPORT_RECEIVED:
		if (!slot->received && model->run.phase < PHASE_CLOSING) {
			slot->received = true;
			model->counts.received++;
		}
		break;
	case TRANSPORT_ENDED:
		expect_ended(model, slot, event);
		break;
	case TRANSPORT_IDLE:
		set_armed(model, slot, false);
		slot->in_flight = false;
		slot->stopping = false;
		break;
	case TRANSPORT_RELEASED:
		slot->placed = false;
		slot->closing = false;
		model->counts.occupied--;
		break;
	case TRANSPORT_READY:
	case TRANSPORT_EVENT_MAX:
		break;
	}
}

/* What is there must be what the model says. */

static void check_slot(const struct model *model, uint32_t number)
{
	const struct model_slot *slot = &model->slots[number];
	const struct table *table = &model->run.table;
	unsigned held = (slot->placed ? CONN_HAS_SOCKET : 0) | (slot->armed ? CONN_ARMED : 0) |
		(slot->in_flight && !slot->answered ? CONN_CONNECTING : 0) |
		(slot->in_flight ? CONN_IN_FLIGHT : 0) | (slot->closing ? CONN_CLOSING : 0) |
		(slot->questioned ? CONN_QUESTIONED : 0);
	/* One that was to be dialled again waits for the walk that closes what is left. */
	bool rests = slot->placed && !slot->in_flight && !slot->questioned && !slot->goes_again;
	if (table_state(table, number) != slot->state) {
		model_fails("in another state", number);
	}
	if (table->conns[number].held != held) {
		model_fails("something else is held", number);
	}
	if (table->conns[number].generation != slot->generation) {
		model_fails("in another generation", number);
	}
	if (rests && !slot->closing) {
		model_fails("not closed, and nothing is in flight", number);
	}
}

static void check_counts(const struct model *model, uint32_t number)
{
	const struct table *table = &model->run.table;
	const struct result *result = model->run.result;
	const struct model_counts *counts = &model->counts;
	if (memcmp(table->by_state, counts->by_state, sizeof(counts->by_state)) != 0) {
		model_fails("other counts of states", number);
	}
	if (table->armed != counts->armed || table->occupied != counts->occupied ||
		table->answered != counts->unconfirmed) {
		model_fails("other counts of what is held", number);
	}
	if (result->totals.dialed != counts->dialed ||
		result->totals.established != counts->established ||
		result->received_from != counts->received || result->icmp.told != counts->told) {
		model_fails("other counts in the result", number);
	}
}

static void check_all(const struct model *model)
{
	const struct result *result = model->run.result;
	uint64_t causes = 0;
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		causes += result->causes[i].count;
	}
	if (causes != model->counts.causes) {
		model_fails("other counts of causes", 0);
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		check_slot(model, i);
	}
	if (result->max_concurrent > SLOTS || model->run.table.established_now_max > SLOTS) {
		model_fails("more at once than there are slots", 0);
	}
}

static void hand_over(struct model *model, const struct transport_event *event)
{
	if (harvest_event(&model->run, event) != 0) {
		model_fails("a negative errno", event->slot.number);
	}
}

static void happen(
	struct model *model, uint32_t number, enum transport_event_kind kind, int error_number)
{
	static const struct icmp_message message = {
		.error_number = EHOSTUNREACH, .told = true, .v4 = true, .type = 3, .code = 13};
	struct model_slot *slot = &model->slots[number];
	const struct transport_event event = {
		.kind = kind,
		.slot = {.number = number, .generation = slot->generation},
		.error_number = error_number,
		.at_ns = model->run.now_ns,
		.since_ns = model->run.now_ns,
		.icmp = error_number == EHOSTUNREACH ? &message : NULL,
	};
	model->dial_again = draw(model, 2) == 0;
	expect(model, slot, &event);
	hand_over(model, &event);
	model->remembered[model->remembered_count++ % REMEMBERED] = event;
}

/* The program's side. */

static void hold_dial(struct model *model, uint32_t number)
{
	struct model_slot *slot = &model->slots[number];
	slot->in_flight = true;
	slot->answered = false;
	slot->open = false;
	slot->ended = false;
	slot->given_up = false;
	table_hold(&model->run.table, number,
		CONN_IN_FLIGHT | CONN_CONNECTING | (slot->armed ? CONN_ARMED : 0));
	/* Asked, it drops what waits no longer. */
	dial_queue_next_ns(&model->run.queue);
	assert_int_equal(dial_queue_reserve(&model->run.queue, SLOTS), 0);
	if (!slot->armed) {
		slot->began_ns = model->run.now_ns;
		dial_queue_push(
			&model->run.queue, table_slot(&model->run.table, number), slot->began_ns);
	}
}

/* As the dialler does it. */
static void dial(struct model *model, uint32_t number)
{
	struct model_slot *slot = &model->slots[number];
	slot->placed = true;
	model->counts.occupied++;
	table_hold(&model->run.table, number, CONN_HAS_SOCKET);
	set_armed(model, slot, draw(model, 3) == 0);
	if (!slot->armed) {
		move(model, slot, CONN_DIALING);
		model->counts.dialed++;
		table_dialing(&model->run.table, number, CLOCK_NEVER, model->run.now_ns);
	}
	hold_dial(model, number);
}

static void dial_again(struct model *model, uint32_t number)
{
	struct model_slot *slot = &model->slots[number];
	slot->goes_again = false;
	slot->generation = (slot->generation + 1) & 0x7fff;
	table_dialing_again(&model->run.table, number, model->run.now_ns);
	hold_dial(model, number);
}

static void recycle(struct model *model, uint32_t number)
{
	struct model_slot *slot = &model->slots[number];
	move(model, slot, CONN_NOT_INITIATED);
	slot->generation = (slot->generation + 1) & 0x7fff;
	slot->received = false;
	table_recycle(&model->run.table, number);
}

static void answer_questions(struct model *model)
{
	uint32_t batch[SURVEY_BATCH];
	size_t count = survey_take(&model->run.survey, batch);
	for (size_t i = 0; i < count; i++) {
		model->slots[batch[i]].questioned = false;
		table_release(&model->run.table, batch[i], CONN_QUESTIONED);
		if (harvest_settle(&model->run, batch[i]) != 0) {
			model_fails("a negative errno", batch[i]);
		}
	}
}

/* Chance. */

static int draw_failure(struct model *model)
{
	static const int numbers[] = {
		ECONNREFUSED, ECONNREFUSED, ECANCELED, ETIMEDOUT, EADDRNOTAVAIL, EHOSTUNREACH};
	return numbers[draw(model, sizeof(numbers) / sizeof(numbers[0]))];
}

static void answer_or_fail(struct model *model, uint32_t number)
{
	bool answered = model->slots[number].answered;
	switch (draw(model, 4)) {
	case 0:
		happen(model, number, TRANSPORT_FAILED, draw_failure(model));
		break;
	case 1:
		happen(model, number, answered ? TRANSPORT_CONNECTED : TRANSPORT_ANSWERED, 0);
		break;
	default:
		happen(model, number, TRANSPORT_CONNECTED, 0);
		break;
	}
}

static void go_on_in_flight(struct model *model, uint32_t number)
{
	const struct model_slot *slot = &model->slots[number];
	if (slot->ended || (slot->stopping && draw(model, 2) == 0)) {
		happen(model, number, TRANSPORT_IDLE, 0);
	} else if (slot->armed) {
		happen(model, number, TRANSPORT_STARTED, 0);
	} else if (!slot->open) {
		answer_or_fail(model, number);
	} else if (draw(model, 3) == 0) {
		happen(model, number, TRANSPORT_RECEIVED, 0);
	} else {
		happen(model, number, TRANSPORT_ENDED, draw(model, 2) == 0 ? 0 : ECONNRESET);
	}
}

static void go_on_with_slot(struct model *model, uint32_t number)
{
	const struct model_slot *slot = &model->slots[number];
	if (slot->closing) {
		happen(model, number, TRANSPORT_RELEASED, 0);
	} else if (slot->in_flight) {
		go_on_in_flight(model, number);
	} else if (slot->questioned) {
		answer_questions(model);
	} else if (numbers_are_taken(model)) {
		return; /* nothing is dialled any more */
	} else if (slot->goes_again) {
		dial_again(model, number);
	} else if (slot->state == CONN_NOT_INITIATED) {
		dial(model, number);
	} else {
		recycle(model, number);
	}
}

/* Whether the same event may come once more: its use of the slot is over, or it is no news. */
static bool may_come_again(const struct model *model, const struct transport_event *event)
{
	const struct model_slot *slot = &model->slots[event->slot.number];
	bool is_end = event->kind == TRANSPORT_IDLE || event->kind == TRANSPORT_RELEASED;
	return event->slot.generation != slot->generation || (is_end && !slot->in_flight);
}

static void repeat_an_event(struct model *model)
{
	if (model->remembered_count == 0) {
		return;
	}
	uint64_t most = model->remembered_count < REMEMBERED ? model->remembered_count : REMEMBERED;
	struct transport_event event = model->remembered[draw(model, most)];
	if (draw(model, 16) == 0) {
		event.slot.number += SLOTS; /* of no slot */
		hand_over(model, &event);
	} else if (may_come_again(model, &event)) {
		hand_over(model, &event);
		check_slot(model, event.slot.number);
	}
}

static bool waits_for_its_answer(const struct model_slot *slot)
{
	return slot->state == CONN_DIALING && slot->in_flight && !slot->answered;
}

static bool is_overdue(const struct model *model, const struct model_slot *slot)
{
	return waits_for_its_answer(slot) && model->run.now_ns >= slot->began_ns + TIMEOUT_NS;
}

/* All that are overdue, once, and no other. */
static void give_up_overdue(struct model *model)
{
	struct slot taken;
	while (dial_queue_take(&model->run.queue, model->run.now_ns, &taken)) {
		struct model_slot *slot = &model->slots[taken.number];
		if (!is_overdue(model, slot) || slot->given_up ||
			slot->generation != taken.generation) {
			model_fails("given up before its time, or twice", taken.number);
		}
		slot->given_up = true;
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (is_overdue(model, &model->slots[i]) && !model->slots[i].given_up) {
			model_fails("not given up, and its time is over", i);
		}
	}
}

static void take_step(struct model *model)
{
	uint32_t number = (uint32_t)draw(model, SLOTS);
	model->step++;
	model->run.now_ns += draw(model, 2000000);
	if (draw(model, 4) == 0) {
		repeat_an_event(model);
	} else {
		go_on_with_slot(model, number);
	}
	check_slot(model, number);
	check_counts(model, number);
	if (draw(model, 8) == 0 && !numbers_are_taken(model)) {
		give_up_overdue(model);
	}
}

/* The end of a run: what is armed is disarmed, then the numbers are taken and all is closed. */

static void disarm(struct model *model)
{
	model->run.phase = PHASE_DISARMING;
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (model->slots[i].armed) {
			happen(model, i, TRANSPORT_IDLE, 0);
			check_slot(model, i);
		}
	}
}

static void close_all(struct model *model)
{
	struct run_state *run = &model->run;
	bool more = true;
	while (more) {
		uint32_t index;
		if (closing_step(&run->closing, run->now_ns, &index, &more) != 0 ||
			(more && harvest_settle(run, index) != 0)) {
			model_fails("a negative errno", 0);
		}
		take_step(model);
	}
}

static void end_run(struct model *model)
{
	struct run_state *run = &model->run;
	disarm(model);
	run_state_take_numbers(run);
	const struct model_counts taken = model->counts;
	run->phase = PHASE_ASKING;
	for (unsigned i = 0; i < SLOTS; i++) {
		take_step(model);
	}
	answer_questions(model);
	run->phase = PHASE_CLOSING;
	closing_begin(&run->closing, SLOTS);
	close_all(model);
	run->now_ns += 2 * NSEC_PER_SEC; /* the time to drain is over */
	close_all(model);
	for (unsigned i = 0; run->table.occupied > 0; i++) {
		take_step(model);
		if (i > 1000 * SLOTS) {
			model_fails("it is never released", 0);
		}
	}
	if (memcmp(taken.by_state, run->table.by_state, sizeof(taken.by_state)) != 0 ||
		taken.established != run->result->totals.established ||
		run->result->at_end.established != taken.by_state[CONN_ESTABLISHED]) {
		model_fails("numbers changed that were taken", 0);
	}
}

static void live_through_a_run(struct model *model, struct scripted_run *scripted, uint64_t steps)
{
	const struct run_params params = {
		.plan = &scripted->plan,
		.transport = &transport_model,
		.observer = &scripted->observer,
		.signals = &scripted->signals,
	};
	model->transport.ops = &transport_model;
	model->remembered_count = 0;
	model->counts = (struct model_counts){.by_state = {[CONN_NOT_INITIATED] = SLOTS}};
	memset(model->slots, 0, sizeof(model->slots));
	result_finish(&scripted->result);
	assert_int_equal(result_init(&scripted->result), 0);
	const struct start now = {0};
	assert_int_equal(
		run_state_init(&model->run, &params, &now, &scripted->result, &scripted->error), 0);
	model->run.now_ns = clock_now_ns();
	for (uint64_t i = 0; i < steps; i++) {
		take_step(model);
	}
	check_all(model);
	end_run(model);
	check_all(model);
	run_state_finish(&model->run);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static void each_connection_is_what_its_own_events_made_of_it(void **state)
{
	struct scripted_run *scripted = *state;
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	model->seed = number_from("TCPGOON_SEED", SEED);
	model->random = model->seed * 2 + 1; /* not 0 */
	uint64_t steps = number_from("TCPGOON_STEPS", STEPS);
	print_message("seed %llu, %llu steps\n", (unsigned long long)model->seed,
		(unsigned long long)steps);
	scripted->observer = (struct run_observer){0};
	scripted_run_plan(scripted, &(struct run_layout){.connections = SLOTS});
	scripted->plan.settings.dial_timeout_ns = TIMEOUT_NS;
	current = model;
	while (model->step < steps) {
		live_through_a_run(model, scripted, EPOCH_STEPS);
	}
	current = NULL;
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_connection_is_what_its_own_events_made_of_it,
			scripted_run_setup, scripted_run_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

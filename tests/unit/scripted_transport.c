/* SPDX-License-Identifier: MIT */
/*
 * Events lie in a heap, ordered by their instant and then by when they were added. wait() moves the
 * clock on to the next of them, so what takes a run minutes takes the test microseconds, and comes
 * out the same each time. Linked with --wrap=clock_now_ns and --wrap=clock_boot_ns.
 */
#include "scripted_transport.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scripted_host.h"
#include "tcpgoon/base/clock.h"

/* A loop that turns so often without anything to do waits for nothing; one of a day, too. */
#define IDLE_WAITS_MAX 100000
#define SCRIPT_MAX_NS (24 * 3600 * NSEC_PER_SEC)

struct script_event {
	uint64_t at_ns;
	uint64_t sequence;
	bool dead; /* taken back before its instant */
	bool stray;
	bool is_action;
	int fd; /* of a READY */
	struct transport_event event;
	void (*action)(void *context);
	void *context;
};

uint64_t __wrap_clock_now_ns(void);
uint64_t __real_clock_now_ns(void);
uint64_t __wrap_clock_boot_ns(void);
uint64_t __real_clock_boot_ns(void);

static struct script *current;

uint64_t __wrap_clock_now_ns(void)
{
	return current == NULL ? __real_clock_now_ns() : current->now_ns;
}

uint64_t __wrap_clock_boot_ns(void)
{
	return current == NULL ? __real_clock_boot_ns() : current->now_ns + current->boot_apart_ns;
}

struct script *script_begin(void)
{
	assert_null(current);
	current = calloc(1, sizeof(*current));
	assert_non_null(current);
	current->transport.ops = &transport_scripted;
	current->room = TRANSPORT_PLACE_MAX;
	current->now_ns = SCRIPT_START_NS;
	return current;
}

void script_end(void)
{
	if (current != NULL) {
		free(current->dials);
		free(current->slots);
		free(current->events);
		free(current);
		current = NULL;
	}
}

struct script *script_current(void)
{
	return current;
}

/* The heap. */

static bool is_before(const struct script_event *a, const struct script_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

static void swap(struct script *script, size_t a, size_t b)
{
	struct script_event kept = script->events[a];
	script->events[a] = script->events[b];
	script->events[b] = kept;
}

static void add_event(struct script *script, struct script_event event)
{
	if (script->event_count == script->event_capacity) {
		script->event_capacity = script->event_capacity * 2 + 64;
		script->events = reallocarray(
			script->events, script->event_capacity, sizeof(*script->events));
		assert_non_null(script->events);
	}
	event.sequence = ++script->sequence;
	event.event.at_ns = event.at_ns;
	size_t at = script->event_count++;
	script->events[at] = event;
	while (at > 0 && is_before(&script->events[at], &script->events[(at - 1) / 2])) {
		swap(script, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void drop_first(struct script *script)
{
	script->events[0] = script->events[--script->event_count];
	for (size_t at = 0;;) {
		size_t first = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < script->event_count &&
				is_before(&script->events[child], &script->events[first])) {
				first = child;
			}
		}
		if (first == at) {
			return;
		}
		swap(script, at, first);
		at = first;
	}
}

/* The next event that is not dead; NULL where there is none. */
static const struct script_event *first_event(struct script *script)
{
	while (script->event_count > 0 && script->events[0].dead) {
		drop_first(script);
	}
	return script->event_count > 0 ? &script->events[0] : NULL;
}

static bool is_due(struct script *script)
{
	const struct script_event *event = first_event(script);
	return event != NULL && event->at_ns <= script->now_ns;
}

/* What happens in a slot. */

static bool is_of_slot(const struct script_event *event, uint32_t number)
{
	return !event->dead && !event->stray && !event->is_action &&
		event->event.kind != TRANSPORT_READY && event->event.slot.number == number;
}

/* What is still to come of the slot does not. */
static void take_back(struct script *script, uint32_t number)
{
	for (size_t i = 0; i < script->event_count; i++) {
		struct script_event *event = &script->events[i];
		event->dead |= event->at_ns > script->now_ns && is_of_slot(event, number);
	}
}

/* One of these kinds, a set of bits, has happened in the slot and was not handed over yet. */
static bool has_happened(const struct script *script, uint32_t number, unsigned kinds)
{
	for (size_t i = 0; i < script->event_count; i++) {
		const struct script_event *event = &script->events[i];
		if (event->at_ns <= script->now_ns && is_of_slot(event, number) &&
			(kinds >> event->event.kind & 1) != 0) {
			return true;
		}
	}
	return false;
}

static bool is_last_word(enum transport_event_kind kind)
{
	return kind == TRANSPORT_FAILED || kind == TRANSPORT_ENDED;
}

static void add_step(
	struct script *script, struct slot slot, const struct script_step *step, uint64_t from_ns)
{
	slot.generation = (uint16_t)((slot.generation - step->uses_ago) & 0x7fff);
	add_event(script,
		(struct script_event){
			.at_ns = from_ns + step->after_ns,
			.stray = step->stray || step->uses_ago > 0,
			.event = {.kind = step->kind,
				.slot = slot,
				.error_number = step->error_number,
				.since_ns = from_ns + step->after_ns,
				.icmp = step->icmp},
		});
}

static void add_idle(struct script *script, struct slot slot, uint64_t at_ns)
{
	add_step(script, slot, &(const struct script_step){.kind = TRANSPORT_IDLE}, at_ns);
}

/* False where the fate of the dial has no steps for this. */
static bool follow_fate(
	struct script *script, struct slot slot, enum script_cue cue, uint64_t from_ns)
{
	const struct script_fate *fate = script->slots[slot.number].fate;
	bool has_steps = false;
	for (size_t i = 0; fate != NULL && i < SCRIPT_STEPS_MAX; i++) {
		const struct script_step *step = &fate->steps[i];
		if (step->cue == SCRIPT_END) {
			break;
		}
		if (step->cue != cue) {
			continue;
		}
		has_steps = true;
		add_step(script, slot, step, from_ns);
		if (is_last_word(step->kind) && !step->stray && step->uses_ago == 0) {
			add_idle(script, slot, from_ns + step->after_ns + fate->idle_after_ns);
		}
	}
	return has_steps;
}

/* Counts the call. Returns the code with which it is to fail, or 0. */
static int count_call(struct script *script, enum script_call call)
{
	const struct script_failure *failure = &script->failures[call];
	uint64_t number = ++script->calls[call];
	bool fails = failure->times > 0 && number >= failure->from &&
		number - failure->from < failure->times;
	return fails ? failure->code : 0;
}

static struct script_slot *slot_at(struct script *script, uint32_t number)
{
	if (number >= script->slot_count) {
		fail_msg("slot %u: there is none", number);
	}
	return &script->slots[number];
}

/* Of the use that its user speaks of. */
static struct script_slot *used_slot(struct script *script, struct slot slot)
{
	struct script_slot *found = slot_at(script, slot.number);
	if (found->generation != slot.generation) {
		fail_msg("slot %u: of use %u, and not of %u", slot.number, found->generation,
			slot.generation);
	}
	return found;
}

/* The functions of a transport. */

static struct script *script_of(struct transport *transport)
{
	return (struct script *)transport;
}

static void scripted_needs(const struct transport_params *params, struct transport_needs *ret_needs)
{
	*ret_needs = (struct transport_needs){.descriptors = params->slots, .queues = 1};
}

static int scripted_try_out(const struct transport_params *params, struct error *error)
{
	(void)params;
	(void)error;
	return 0;
}

static int scripted_create(const struct transport_params *params, struct transport **ret_transport,
	struct error *error)
{
	assert_non_null(current);
	int r = count_call(current, CALL_CREATE);
	if (r < 0) {
		return error_set(error, r, "scripted: create");
	}
	current->params = *params;
	current->slot_count = params->slots;
	current->slots = calloc(params->slots, sizeof(*current->slots));
	assert_non_null(current->slots);
	*ret_transport = &current->transport;
	return 0;
}

static void scripted_destroy(struct transport *transport)
{
	script_of(transport)->destroyed++;
}

static uint32_t scripted_room(const struct transport *transport, uint32_t first)
{
	const struct script *script = (const struct script *)transport;
	uint64_t left = script->slot_count - first;
	return left < script->room ? (uint32_t)left : script->room;
}

static void place_one(struct script *script, uint32_t number, int fd)
{
	struct script_slot *slot = slot_at(script, number);
	if (slot->in_flight || slot->closing) {
		fail_msg("slot %u: a socket is placed where something is in flight", number);
	}
	*slot = (struct script_slot){.has_socket = true, .generation = slot->generation};
	host_bound_address(fd, &slot->source);
}

static int scripted_place(
	struct transport *transport, uint32_t first, const int *take_fds, unsigned count)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_PLACE);
	if (count == 0 || count > scripted_room(transport, first)) {
		fail_msg("slot %u: no room for %u sockets", first, count);
	}
	for (unsigned i = 0; i < count; i++) {
		if (take_fds[i] < 0) {
			continue;
		}
		if (r == 0) {
			place_one(script, first + i, take_fds[i]);
		}
		close(take_fds[i]);
	}
	return r;
}

static const struct script_dial *keep_dial(struct script *script, const struct script_dial *dial)
{
	struct script_dial *grown =
		reallocarray(script->dials, script->dial_count + 1, sizeof(*grown));
	assert_non_null(grown);
	script->dials = grown;
	grown[script->dial_count] = *dial;
	return &grown[script->dial_count++];
}

static int scripted_dial(struct transport *transport, struct slot slot,
	const struct address *target, uint64_t due_ns)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_DIAL);
	if (r < 0) {
		return r;
	}
	struct script_slot *used = slot_at(script, slot.number);
	if (!used->has_socket || used->in_flight || used->closing) {
		fail_msg("slot %u: dialled without a socket of its own", slot.number);
	}
	const struct script_dial *dial = keep_dial(script,
		&(const struct script_dial){.slot = slot,
			.source = used->source,
			.target = *target,
			.due_ns = due_ns,
			.at_ns = script->now_ns});
	*used = (struct script_slot){
		.has_socket = true,
		.in_flight = true,
		.generation = slot.generation,
		.due_ns = due_ns,
		.source = used->source,
		.target = *target,
		.fate = script->choose_fate == NULL ? script->fate
						    : script->choose_fate(script->context, dial),
	};
	uint64_t from_ns = due_ns > script->now_ns ? due_ns : script->now_ns;
	if (due_ns != 0) {
		add_step(script, slot, &(const struct script_step){.kind = TRANSPORT_STARTED},
			from_ns);
	}
	follow_fate(script, slot, ON_DIAL, from_ns);
	return 0;
}

static int scripted_disarm(struct transport *transport, struct slot slot)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_DISARM);
	const struct script_slot *used = used_slot(script, slot);
	if (r < 0 || used->due_ns == 0 || used->due_ns <= script->now_ns) {
		return r; /* it has begun */
	}
	take_back(script, slot.number);
	if (!follow_fate(script, slot, ON_DISARM, script->now_ns)) {
		add_idle(script, slot, script->now_ns);
	}
	return 0;
}

#define ANSWERS (1U << TRANSPORT_ANSWERED | 1U << TRANSPORT_CONNECTED | 1U << TRANSPORT_FAILED)
#define LAST_WORDS (1U << TRANSPORT_FAILED | 1U << TRANSPORT_ENDED)

static int scripted_give_up(struct transport *transport, struct slot slot)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_GIVE_UP);
	const struct script_slot *used = used_slot(script, slot);
	if (r < 0 || !used->in_flight || used->answered ||
		has_happened(script, slot.number, ANSWERS)) {
		return r; /* there is nothing left to give up */
	}
	take_back(script, slot.number);
	if (!follow_fate(script, slot, ON_GIVE_UP, script->now_ns)) {
		const struct script_step given_up = {
			.kind = TRANSPORT_FAILED, .error_number = ECANCELED};
		add_step(script, slot, &given_up, script->now_ns);
		add_idle(script, slot, script->now_ns);
	}
	return 0;
}

static int scripted_stop(struct transport *transport, struct slot slot)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_STOP);
	const struct script_slot *used = used_slot(script, slot);
	if (r < 0 || !used->in_flight || used->ended ||
		has_happened(script, slot.number, LAST_WORDS | 1U << TRANSPORT_IDLE)) {
		return r; /* IDLE comes, or has come */
	}
	take_back(script, slot.number);
	if (!follow_fate(script, slot, ON_STOP, script->now_ns)) {
		add_idle(script, slot, script->now_ns);
	}
	return 0;
}

static void send_fin(struct script_slot *slot)
{
	slot->fin_first |= !slot->fin_sent && !slot->peer_closed;
	slot->fin_sent = true;
}

static int scripted_half_close(struct transport *transport, struct slot slot)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_HALF_CLOSE);
	struct script_slot *used = used_slot(script, slot);
	if (r == 0 && used->in_flight) {
		send_fin(used);
		follow_fate(script, slot, ON_HALF_CLOSE, script->now_ns);
	}
	return r;
}

/* What the counters of the host show of it. */
static void count_close(struct script *script, struct script_slot *slot)
{
	if (!script->params.fin || !slot->open || slot->reset) {
		return;
	}
	send_fin(slot);
	enum script_fin fin = slot->fate == NULL ? SCRIPT_FIN_ANSWERED : slot->fate->fin;
	script->time_waits += fin == SCRIPT_FIN_ANSWERED && slot->fin_first;
	script->orphans += fin == SCRIPT_FIN_LOST;
	slot->reset = fin == SCRIPT_FIN_RESET;
}

static int scripted_close(struct transport *transport, struct slot slot, bool answers_fin)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_CLOSE);
	struct script_slot *used = used_slot(script, slot);
	if (!used->has_socket || used->in_flight || used->closing) {
		fail_msg("slot %u: closed while something is in flight", slot.number);
	}
	if (r == 0) {
		used->closing = true;
		used->answers_fin = answers_fin;
		count_close(script, used);
		if (!follow_fate(script, slot, ON_CLOSE, script->now_ns)) {
			add_step(script, slot,
				&(const struct script_step){.kind = TRANSPORT_RELEASED},
				script->now_ns);
		}
	}
	return r;
}

static struct script_watch *watch_of(struct script *script, int fd)
{
	for (size_t i = 0; i < script->watch_count; i++) {
		if (script->watches[i].fd == fd) {
			return &script->watches[i];
		}
	}
	assert_true(script->watch_count < sizeof(script->watches) / sizeof(script->watches[0]));
	script->watches[script->watch_count] = (struct script_watch){.fd = fd};
	return &script->watches[script->watch_count++];
}

static int scripted_watch_fd(struct transport *transport, int fd, uint32_t id)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_WATCH_FD);
	if (r == 0) {
		struct script_watch *watch = watch_of(script, fd);
		watch->id = id;
		watch->armed = true;
		if (watch->readable) {
			watch->readable = false;
			script_add_ready(script, script->now_ns, fd);
		}
		if (script->on_watch != NULL) {
			script->on_watch(script->context, fd, id);
		}
	}
	return r;
}

static void wake_at(struct script *script, uint64_t at_ns)
{
	struct script_stall *stall = &script->stall;
	if (stall->length_ns > 0 && stall->at_ns <= at_ns) {
		script->boot_apart_ns += stall->suspended ? stall->length_ns : 0;
		at_ns += stall->suspended ? 0 : stall->length_ns;
		stall->length_ns = 0;
	}
	script->now_ns = at_ns;
}

static int scripted_wait(
	struct transport *transport, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	struct script *script = script_of(transport);
	int r = count_call(script, CALL_WAIT);
	(void)now_ns;
	if (r < 0) {
		return error_set(error, r, "scripted: wait");
	}
	const struct script_event *event = first_event(script);
	uint64_t next_ns = event == NULL ? until_ns : clock_earlier(event->at_ns, until_ns);
	if (next_ns == CLOCK_NEVER || script->now_ns - SCRIPT_START_NS > SCRIPT_MAX_NS) {
		fail_msg("waits for ever after %llu dials", (unsigned long long)script->dial_count);
	}
	script->idle_waits =
		next_ns > script->now_ns || is_due(script) ? 0 : script->idle_waits + 1;
	if (script->idle_waits > IDLE_WAITS_MAX) {
		fail_msg("turns and turns without anything to do");
	}
	if (next_ns > script->now_ns) {
		wake_at(script, next_ns);
	}
	script->now_ns += script->wait_ns;
	return 0;
}

static bool scripted_has_work(struct transport *transport)
{
	return is_due(script_of(transport));
}

/* What the transport knows of the slot from now on. */
static void note(struct script *script, const struct transport_event *event)
{
	struct script_slot *slot = slot_at(script, event->slot.number);
	switch (event->kind) {
	case TRANSPORT_ANSWERED:
		slot->answered = true;
		break;
	case TRANSPORT_CONNECTED:
		slot->answered = true;
		slot->open = true;
		break;
	case TRANSPORT_FAILED:
		slot->answered = true;
		slot->ended = true;
		slot->reset = event->error_number != ECANCELED;
		break;
	case TRANSPORT_ENDED:
		slot->ended = true;
		slot->peer_closed = event->error_number == 0;
		slot->reset = event->error_number != 0;
		break;
	case TRANSPORT_IDLE:
		slot->in_flight = false;
		break;
	case TRANSPORT_RELEASED:
		slot->has_socket = false;
		slot->closing = false;
		break;
	case TRANSPORT_STARTED:
	case TRANSPORT_RECEIVED:
	case TRANSPORT_READY:
	case TRANSPORT_EVENT_MAX:
		break;
	}
}

static int hand_over_ready(struct script *script, int fd, transport_handler *handler, void *context)
{
	struct script_watch *watch = watch_of(script, fd);
	if (!watch->armed) {
		watch->readable = true;
		return 0;
	}
	watch->armed = false;
	const struct transport_event event = {
		.kind = TRANSPORT_READY, .slot = {.number = watch->id}, .at_ns = script->now_ns};
	return handler(context, &event);
}

static int hand_over(struct script *script, const struct script_event *event,
	transport_handler *handler, void *context)
{
	if (event->is_action) {
		event->action(event->context);
		return 0;
	}
	if (event->event.kind == TRANSPORT_READY && !event->stray) {
		return hand_over_ready(script, event->fd, handler, context);
	}
	if (!event->stray) {
		note(script, &event->event);
	}
	return handler(context, &event->event);
}

static int scripted_harvest(
	struct transport *transport, uint64_t now_ns, transport_handler *handler, void *context)
{
	struct script *script = script_of(transport);
	uint64_t last = script->sequence; /* what a handler causes comes with the next harvest */
	uint64_t most = script->harvest_most == 0 ? UINT64_MAX : script->harvest_most;
	(void)now_ns;
	for (uint64_t i = 0; i < most && is_due(script); i++) {
		if (script->events[0].sequence > last) {
			break;
		}
		const struct script_event event = script->events[0];
		drop_first(script);
		int r = hand_over(script, &event, handler, context);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static void scripted_view(const struct transport *transport, struct transport_view *ret_view)
{
	(void)transport;
	*ret_view = (struct transport_view){.queues = 1};
}

static int scripted_explain(const struct transport *transport, int code, struct error *error)
{
	(void)transport;
	return error->text[0] != '\0' ? code
				      : error_set(error, code, "scripted: %s", strerror(-code));
}

const struct transport_ops transport_scripted = {
	.name = "scripted",
	.needs = scripted_needs,
	.try_out = scripted_try_out,
	.create = scripted_create,
	.destroy = scripted_destroy,
	.room = scripted_room,
	.place = scripted_place,
	.dial = scripted_dial,
	.disarm = scripted_disarm,
	.give_up = scripted_give_up,
	.stop = scripted_stop,
	.half_close = scripted_half_close,
	.close = scripted_close,
	.watch_fd = scripted_watch_fd,
	.wait = scripted_wait,
	.has_work = scripted_has_work,
	.harvest = scripted_harvest,
	.view = scripted_view,
	.explain = scripted_explain,
};

/* What a test adds. */

void script_add_step(struct script *script, uint32_t slot, const struct script_step *step)
{
	const struct slot used = {.number = slot, .generation = slot_at(script, slot)->generation};
	add_step(script, used, step, script->now_ns);
	if (is_last_word(step->kind)) {
		add_idle(script, used, script->now_ns + step->after_ns);
	}
}

void script_add_stray(struct script *script, uint64_t at_ns, const struct transport_event *event)
{
	add_event(script, (struct script_event){.at_ns = at_ns, .stray = true, .event = *event});
}

void script_add_action(
	struct script *script, uint64_t at_ns, void (*action)(void *context), void *context)
{
	add_event(script,
		(struct script_event){
			.at_ns = at_ns,
			.is_action = true,
			.action = action,
			.context = context,
		});
}

void script_add_ready(struct script *script, uint64_t at_ns, int fd)
{
	add_event(script,
		(struct script_event){
			.at_ns = at_ns,
			.fd = fd,
			.event = {.kind = TRANSPORT_READY},
		});
}

void script_set_stall(struct script *script, uint64_t at_ns, uint64_t length_ns, bool suspended)
{
	script->stall = (struct script_stall){
		.at_ns = at_ns, .length_ns = length_ns, .suspended = suspended};
}

uint64_t script_count_sockets(const struct script *script)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < script->slot_count; i++) {
		count += script->slots[i].has_socket;
	}
	return count;
}

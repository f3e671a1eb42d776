/* SPDX-License-Identifier: MIT */
/*
 * Connections on io_uring. The requests of a slot complete in this order:
 *
 *   DELAY    -ETIME      the chain has begun, since the loop went to wait
 *            -ECANCELED  the dial was disarmed or stopped before it was due
 *   CONNECT  0           established, if PROBE agrees
 *            -EALREADY   not decided: an ICMP error is in the socket's error queue
 *            -ECANCELED  the dial was given up, or DELAY was cancelled
 *            an errno    the failure
 *   PROBE    0           established
 *            -EAGAIN     not connected, although CONNECT returned 0: treated like -EALREADY
 *            -ECONNRESET established, and reset since; -EPIPE the same
 *            -ECANCELED  CONNECT has returned the reason
 *            an errno    the failure
 *   WATCH    > 0         there is something to receive
 *            -ECANCELED  CONNECT or PROBE had failed, or the slot was stopped
 *            an errno    the kernel cannot watch it any more
 *   RECEIVE  > 0         data, dropped; the watch goes on
 *            0           FIN
 *            -EAGAIN     nothing: then an ICMP error is in the error queue, which came during the
 *                        handshake and did not keep it from succeeding. It would make the watch
 *                        fire forever, so DRAIN follows
 *            an errno    reset, or given up by the kernel
 *
 * CANCEL completes only if it failed. If it found nothing although the slot still has to be
 * cancelled, it is resubmitted: the chain may have been between two links, and its POLL_ADD would
 * then wait forever.
 *
 * A slot is idle when nothing of it is in flight. A CLOSE under a pending POLL_ADD would send no
 * FIN, because the request keeps the socket open.
 *
 * A slot takes one byte: which of its requests are in flight, and how its dial is to end. The
 * completion of a request that is not in flight belongs to an earlier use, and changes nothing.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/transport/transport.h"
#include "tcpgoon/uring/release.h"
#include "tcpgoon/uring/trial.h"
#include "transport/error_queue.h"
#include "transport/uring_questions.h"
#include "transport/uring_requests.h"

/* Requests of a slot that are in flight. */
enum flight {
	FLIGHT_DELAY = 1 << 0,
	FLIGHT_CONNECT = 1 << 1,
	FLIGHT_PROBE = 1 << 2,
	FLIGHT_WATCH = 1 << 3,
	FLIGHT_RECEIVE = 1 << 4, /* RECEIVE or DRAIN */
	FLIGHT_QUESTION = 1 << 5, /* about its error queue; may not be submitted yet */
	FLIGHT_ALL = (1 << 6) - 1,
};

/* How the slot's dial is to end, until it is dialled again. */
enum wish {
	WISH_NONE = 0 << 6,
	WISH_DISARM = 1 << 6, /* before the dial begins */
	WISH_GIVE_UP = 2 << 6, /* before the dial is answered */
	WISH_STOP = 3 << 6,
	WISH_ALL = 3 << 6,
};

struct uring {
	struct transport transport; /* first */
	struct uring_requests requests;
	struct uring_questions questions;
	uint8_t *slots; /* owned, `count` of them: sets of enum flight, and an enum wish */
	uint64_t count;
	uint64_t waiting_since_ns; /* when the last wait began */

	/* While it harvests. */
	uint64_t now_ns;
	transport_handler *handler;
	void *context;
};

static struct uring *uring_of(struct transport *transport)
{
	return (struct uring *)transport;
}

static bool in_flight(const struct uring *uring, uint32_t slot, unsigned flights)
{
	return (uring->slots[slot] & flights) != 0;
}

static unsigned wish_of(const struct uring *uring, uint32_t slot)
{
	return uring->slots[slot] & WISH_ALL;
}

static void set_wish(struct uring *uring, uint32_t slot, enum wish wish)
{
	uring->slots[slot] = (uint8_t)((uring->slots[slot] & FLIGHT_ALL) | wish);
}

static int emit(
	struct uring *uring, struct slot slot, enum transport_event_kind kind, int error_number)
{
	const struct transport_event event = {
		.kind = kind,
		.slot = slot,
		.error_number = error_number,
		.at_ns = uring->now_ns,
	};
	return uring->handler(uring->context, &event);
}

/* Whether the dial did not fail by itself: it was taken back, and no event may report its end. */
static bool is_unwanted(const struct uring *uring, uint32_t slot)
{
	unsigned wish = wish_of(uring, slot);
	return wish == WISH_DISARM || wish == WISH_STOP;
}

static int dial_failed(struct uring *uring, struct slot slot, int error_number)
{
	if (is_unwanted(uring, slot.number)) {
		return 0;
	}
	const struct uring_question question = {
		.slot = slot,
		.error_number = error_number,
		.failed_ns = uring->now_ns,
	};
	if (error_queue_is_worth_reading(error_number) &&
		uring_questions_add(&uring->questions, &question)) {
		uring->slots[slot.number] |= FLIGHT_QUESTION;
		return uring_questions_advance(&uring->questions);
	}
	return emit(uring, slot, TRANSPORT_FAILED, error_number);
}

static int on_delay(struct uring *uring, struct slot slot, int result)
{
	if (result != -ETIME) {
		return 0;
	}
	if (wish_of(uring, slot.number) == WISH_DISARM) {
		set_wish(uring, slot.number, WISH_NONE); /* too late: the dial goes on */
	}
	const struct transport_event event = {
		.kind = TRANSPORT_STARTED,
		.slot = slot,
		.at_ns = uring->now_ns,
		.since_ns = uring->waiting_since_ns,
	};
	return uring->handler(uring->context, &event);
}

static int on_connect(struct uring *uring, struct slot slot, int result)
{
	return result == 0 ? emit(uring, slot, TRANSPORT_ANSWERED, 0)
			   : dial_failed(uring, slot, -result);
}

static int on_probe(struct uring *uring, struct slot slot, int result)
{
	bool reset = result == -ECONNRESET || result == -EPIPE;
	if (result == -ECANCELED) {
		return 0;
	}
	if (result < 0 && !reset) {
		return dial_failed(uring, slot, -result);
	}
	int r = emit(uring, slot, TRANSPORT_CONNECTED, 0);
	return r == 0 && reset ? emit(uring, slot, TRANSPORT_ENDED, -result) : r;
}

static int watch_on(struct uring *uring, struct slot slot)
{
	if (wish_of(uring, slot.number) == WISH_STOP) {
		return 0;
	}
	uring->slots[slot.number] |= FLIGHT_WATCH;
	return uring_requests_watch(&uring->requests, slot);
}

static int on_watch(struct uring *uring, struct slot slot, int result)
{
	if (result == -ECANCELED) {
		return 0;
	}
	if (result < 0) {
		return emit(uring, slot, TRANSPORT_ENDED, -result);
	}
	uring->slots[slot.number] |= FLIGHT_RECEIVE;
	return uring_requests_receive(&uring->requests, slot);
}

static int on_receive(struct uring *uring, struct slot slot, int result)
{
	if (result == -EAGAIN) {
		uring->slots[slot.number] |= FLIGHT_RECEIVE;
		return uring_requests_drain(&uring->requests, slot);
	}
	if (result == 0 || (result < 0 && result != -EINTR)) {
		return emit(uring, slot, TRANSPORT_ENDED, -result);
	}
	int r = result > 0 ? emit(uring, slot, TRANSPORT_RECEIVED, 0) : 0;
	return r < 0 ? r : watch_on(uring, slot);
}

static int on_error_queue(struct uring *uring, uint32_t number, int result)
{
	struct icmp_message message;
	bool told;
	struct uring_question question =
		uring_questions_take(&uring->questions, number, result, &message, &told);
	struct slot slot = question.slot;
	uring->slots[slot.number] &= (uint8_t)~FLIGHT_QUESTION;
	const struct transport_event event = {
		.kind = TRANSPORT_FAILED,
		.slot = slot,
		.error_number = told ? message.error_number : question.error_number,
		.at_ns = question.failed_ns,
		.icmp = told ? &message : NULL,
	};
	int r = uring->handler(uring->context, &event);
	if (r == 0 && !in_flight(uring, slot.number, FLIGHT_ALL)) {
		r = emit(uring, slot, TRANSPORT_IDLE, 0);
	}
	return r < 0 ? r : uring_questions_advance(&uring->questions);
}

/* The first request of the chain in flight: the others follow it. A RECV never waits. */
static enum uring_operation first_in_flight(const struct uring *uring, uint32_t slot)
{
	if (in_flight(uring, slot, FLIGHT_DELAY)) {
		return OPERATION_DELAY;
	}
	if (in_flight(uring, slot, FLIGHT_CONNECT)) {
		return OPERATION_CONNECT;
	}
	if (in_flight(uring, slot, FLIGHT_PROBE)) {
		return OPERATION_PROBE;
	}
	return in_flight(uring, slot, FLIGHT_WATCH) ? OPERATION_WATCH : OPERATION_NONE;
}

/* Whether the wish is still to be carried out. */
static bool wants_cancel(const struct uring *uring, uint32_t slot)
{
	switch (wish_of(uring, slot)) {
	case WISH_DISARM:
		return in_flight(uring, slot, FLIGHT_DELAY);
	case WISH_GIVE_UP:
		return in_flight(uring, slot, FLIGHT_CONNECT);
	case WISH_STOP:
		return true;
	}
	return false;
}

static int carry_out_wish(struct uring *uring, struct slot slot)
{
	enum uring_operation operation = first_in_flight(uring, slot.number);
	return operation != OPERATION_NONE && wants_cancel(uring, slot.number)
		? uring_requests_cancel(&uring->requests, slot, operation)
		: 0;
}

static int wish(struct uring *uring, struct slot slot, enum wish wish)
{
	set_wish(uring, slot.number, wish);
	return carry_out_wish(uring, slot);
}

static unsigned flight_of(enum uring_operation operation)
{
	switch (operation) {
	case OPERATION_DELAY:
		return FLIGHT_DELAY;
	case OPERATION_CONNECT:
		return FLIGHT_CONNECT;
	case OPERATION_PROBE:
		return FLIGHT_PROBE;
	case OPERATION_WATCH:
		return FLIGHT_WATCH;
	case OPERATION_RECEIVE:
	case OPERATION_DRAIN:
		return FLIGHT_RECEIVE;
	case OPERATION_NONE:
	case OPERATION_ERROR_QUEUE:
	case OPERATION_CANCEL:
	case OPERATION_SHUTDOWN:
	case OPERATION_CLOSE:
	case OPERATION_READY:
		break;
	}
	return 0;
}

/* A request of the slot's chain or watch. */
static int on_flight(
	struct uring *uring, struct slot slot, enum uring_operation operation, int result)
{
	switch (operation) {
	case OPERATION_DELAY:
		return on_delay(uring, slot, result);
	case OPERATION_CONNECT:
		return on_connect(uring, slot, result);
	case OPERATION_PROBE:
		return on_probe(uring, slot, result);
	case OPERATION_WATCH:
		return on_watch(uring, slot, result);
	case OPERATION_RECEIVE:
		return on_receive(uring, slot, result);
	case OPERATION_DRAIN:
		return watch_on(uring, slot);
	case OPERATION_NONE:
	case OPERATION_ERROR_QUEUE:
	case OPERATION_CANCEL:
	case OPERATION_SHUTDOWN:
	case OPERATION_CLOSE:
	case OPERATION_READY:
		break;
	}
	return 0;
}

static int flight_completed(
	struct uring *uring, struct slot slot, enum uring_operation operation, int result)
{
	unsigned flight = flight_of(operation);
	if (!in_flight(uring, slot.number, flight)) {
		return 0;
	}
	uring->slots[slot.number] &= (uint8_t)~flight;
	int r = on_flight(uring, slot, operation, result);
	return r == 0 && !in_flight(uring, slot.number, FLIGHT_ALL)
		? emit(uring, slot, TRANSPORT_IDLE, 0)
		: r;
}

static int on_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	struct uring *uring = context;
	struct slot slot = {.number = token.index, .generation = token.generation};
	enum uring_operation operation = (enum uring_operation)token.operation;
	(void)lane;
	(void)flags;
	switch (operation) {
	case OPERATION_DELAY:
	case OPERATION_CONNECT:
	case OPERATION_PROBE:
	case OPERATION_WATCH:
	case OPERATION_RECEIVE:
	case OPERATION_DRAIN:
		return flight_completed(uring, slot, operation, result);
	case OPERATION_ERROR_QUEUE:
		return on_error_queue(uring, token.index, result);
	case OPERATION_CANCEL:
		return carry_out_wish(uring, slot);
	case OPERATION_CLOSE:
		return emit(uring, slot, TRANSPORT_RELEASED, 0);
	case OPERATION_READY:
		return emit(uring, slot, TRANSPORT_READY, result < 0 ? -result : 0);
	case OPERATION_SHUTDOWN: /* failed: the connection was reset meanwhile */
	case OPERATION_NONE:
		break;
	}
	return 0;
}

static struct lanes_params lanes_params_of(const struct transport_params *params)
{
	return (struct lanes_params){
		.slots = params->slots,
		.table_max = params->nofile,
		.memlock = params->memlock,
		.watch_fd = params->watch_fd,
	};
}

/* Other descriptors: the standard ones, timer, signals, wake-up, some sockets of a batch. */
#define FILES_BESIDE_LANES 24

static void uring_needs(const struct transport_params *params, struct transport_needs *ret_needs)
{
	uint32_t each = lanes_slots_per_lane(params->slots, params->nofile);
	uint64_t lanes = (params->slots + each - 1) / each;
	/* The lowest sufficient limit: n of them make lanes of n slots, and n - beside lanes. */
	uint64_t descriptors = FILES_BESIDE_LANES;
	while (descriptors * (descriptors - FILES_BESIDE_LANES) < params->slots) {
		descriptors++;
	}
	*ret_needs = (struct transport_needs){
		.descriptors = descriptors,
		.queues = lanes,
		.slots_per_queue = each,
		.locked_memory = lanes_memory(lanes, params->memlock),
	};
}

static int uring_try_out(const struct transport_params *params, struct error *error)
{
	const struct lanes_params lanes = lanes_params_of(params);
	return trial_make(&lanes, error);
}

static void uring_destroy(struct transport *transport)
{
	struct uring *uring = uring_of(transport);
	lanes_finish(&uring->requests.lanes); /* first: its requests point into the other parts */
	uring_questions_finish(&uring->questions);
	if (uring->slots != NULL) {
		munmap(uring->slots, uring->count);
	}
	free(uring);
}

/* Untouched pages cost no memory. */
static int map_slots(struct uring *uring)
{
	void *memory = mmap(NULL, uring->count, PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return -errno;
	}
	uring->slots = memory;
	return 0;
}

static int uring_create(const struct transport_params *params, struct transport **ret_transport,
	struct error *error)
{
	struct uring *uring = malloc(sizeof(*uring));
	if (uring == NULL) {
		return error_set(error, -ENOMEM, "out of memory for io_uring");
	}
	*uring = (struct uring){
		.transport.ops = &transport_uring,
		.requests.shutdown_first = params->fin && !release_is_prompt(),
		.count = params->slots,
	};
	uring_questions_init(&uring->questions, &uring->requests);
	const struct lanes_params lanes = lanes_params_of(params);
	int r = lanes_init(&uring->requests.lanes, &lanes, error);
	if (r == 0) {
		r = map_slots(uring);
		if (r < 0) {
			error_set(error, r, "no memory for %llu slots",
				(unsigned long long)params->slots);
		}
	}
	if (r < 0) {
		uring_destroy(&uring->transport);
		return r;
	}
	*ret_transport = &uring->transport;
	return 0;
}

static uint32_t uring_room(const struct transport *transport, uint32_t first)
{
	const struct uring *uring = (const struct uring *)transport;
	uint32_t each = uring->requests.lanes.slots_per_lane;
	return each - first % each;
}

static int uring_place(
	struct transport *transport, uint32_t first, const int *take_fds, unsigned count)
{
	struct lanes *lanes = &uring_of(transport)->requests.lanes;
	return lane_install_take_fds(
		lanes_of_index(lanes, first), lanes_slot_of_index(lanes, first), take_fds, count);
}

static int uring_dial(struct transport *transport, struct slot slot, const struct address *target,
	uint64_t due_ns)
{
	struct uring *uring = uring_of(transport);
	assert(!in_flight(uring, slot.number, FLIGHT_ALL));
	int r = uring_requests_dial(&uring->requests, slot, target, due_ns);
	if (r == 0) {
		uring->slots[slot.number] = FLIGHT_CONNECT | FLIGHT_PROBE | FLIGHT_WATCH |
			(due_ns != 0 ? FLIGHT_DELAY : 0);
	}
	return r;
}

static int uring_disarm(struct transport *transport, struct slot slot)
{
	return wish(uring_of(transport), slot, WISH_DISARM);
}

static int uring_give_up(struct transport *transport, struct slot slot)
{
	return wish(uring_of(transport), slot, WISH_GIVE_UP);
}

static int uring_stop(struct transport *transport, struct slot slot)
{
	return wish(uring_of(transport), slot, WISH_STOP);
}

static int uring_half_close(struct transport *transport, struct slot slot)
{
	return uring_requests_half_close(&uring_of(transport)->requests, slot);
}

static int uring_close(struct transport *transport, struct slot slot, bool answers_fin)
{
	struct uring *uring = uring_of(transport);
	assert(!in_flight(uring, slot.number, FLIGHT_ALL));
	return uring_requests_close(&uring->requests, slot, answers_fin);
}

static int uring_watch_fd(struct transport *transport, int fd, uint32_t id)
{
	return uring_requests_ready(&uring_of(transport)->requests, fd, id);
}

static int uring_wait(
	struct transport *transport, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	struct uring *uring = uring_of(transport);
	uring->waiting_since_ns = now_ns;
	return lanes_wait(&uring->requests.lanes, now_ns, until_ns, error);
}

static bool uring_has_work(struct transport *transport)
{
	return lanes_have_work(&uring_of(transport)->requests.lanes);
}

static int uring_harvest(
	struct transport *transport, uint64_t now_ns, transport_handler *handler, void *context)
{
	struct uring *uring = uring_of(transport);
	uring->now_ns = now_ns;
	uring->handler = handler;
	uring->context = context;
	return lanes_harvest(&uring->requests.lanes, on_completion, uring);
}

static void uring_view(const struct transport *transport, struct transport_view *ret_view)
{
	const struct lanes *lanes = &((const struct uring *)transport)->requests.lanes;
	*ret_view = (struct transport_view){
		.queues = lanes->count,
		.overflows = lanes_overflows(lanes),
	};
}

static int uring_explain(const struct transport *transport, int code, struct error *error)
{
	return lanes_explain(&((const struct uring *)transport)->requests.lanes, code, error);
}

const struct transport_ops transport_uring = {
	.name = "io_uring",
	.socket_flags = 0,
	.needs = uring_needs,
	.try_out = uring_try_out,
	.create = uring_create,
	.destroy = uring_destroy,
	.room = uring_room,
	.place = uring_place,
	.dial = uring_dial,
	.disarm = uring_disarm,
	.give_up = uring_give_up,
	.stop = uring_stop,
	.half_close = uring_half_close,
	.close = uring_close,
	.watch_fd = uring_watch_fd,
	.wait = uring_wait,
	.has_work = uring_has_work,
	.harvest = uring_harvest,
	.view = uring_view,
	.explain = uring_explain,
};

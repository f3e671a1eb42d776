/* SPDX-License-Identifier: MIT */
/*
 * An event only says that a socket is worth asking; the socket itself says what became of it
 * (socket.c). So a late event, for a slot that has another socket by now, does no harm: the
 * generation tells most of them, and the others ask in vain.
 *
 * One harvest takes what was there when the loop woke, so that all of it has the instant of the
 * turn: the events of one wait, and those of our own events that were queued earlier. Events that
 * its handlers queue wait for the next harvest. Answers to dials come first: a socket is watched
 * from just after its connect(), so what ended in between is listed before it, and was open beside
 * it.
 *
 * The dials that are due begin at the end, each with its own reading of the clock, and only a few in
 * one turn: a turn must not grow long, because its length blurs the instants of the next one.
 */
#include "transport/epoll_harvest.h"

#include <stdbool.h>
#include <stddef.h>

#include "tcpgoon/base/clock.h"
#include "transport/epoll_dial.h"
#include "transport/epoll_state.h"
#include "transport/error_queue.h"
#include "transport/socket.h"

/* Dials that begin in one turn; each takes some 6 us. */
#define DUE_MAX 4

struct harvest {
	struct epoll_transport *epoll;
	uint64_t now_ns;
	transport_handler *handler;
	void *context;
};

static int say(const struct harvest *harvest, enum transport_event_kind kind, struct slot slot,
	int error_number)
{
	const struct transport_event event = {
		.kind = kind,
		.slot = slot,
		.error_number = error_number,
		.at_ns = harvest->now_ns,
	};
	return harvest->handler(harvest->context, &event);
}

static int say_idle(const struct harvest *harvest, struct slot slot)
{
	record_move(epoll_record(harvest->epoll, slot), RECORD_IDLE);
	return say(harvest, TRANSPORT_IDLE, slot, 0);
}

/* Reports FAILED and IDLE. */
static int say_failed(const struct harvest *harvest, struct slot slot, int error_number,
	const struct icmp_message *icmp)
{
	const struct transport_event event = {
		.kind = TRANSPORT_FAILED,
		.slot = slot,
		.error_number = icmp != NULL ? icmp->error_number : error_number,
		.at_ns = harvest->now_ns,
		.icmp = icmp,
	};
	int r = harvest->handler(harvest->context, &event);
	return r < 0 ? r : say_idle(harvest, slot);
}

/* The same, with the message that the error queue may have. */
static int explain_failure(const struct harvest *harvest, struct slot slot, int error_number)
{
	struct icmp_message message;
	bool is_told = error_queue_is_worth_reading(error_number) &&
		socket_take_icmp(epoll_record(harvest->epoll, slot)->fd, &message);
	return say_failed(harvest, slot, error_number, is_told ? &message : NULL);
}

/* Reports ENDED and IDLE, unless a handler has stopped the connection meanwhile. */
static int end_connection(const struct harvest *harvest, struct slot slot, int error_number)
{
	struct record *record = epoll_record(harvest->epoll, slot);
	if (record->state != RECORD_CONNECTED) {
		return 0;
	}
	record_move(record, RECORD_ENDING);
	int r = say(harvest, TRANSPORT_ENDED, slot, error_number);
	return r < 0 ? r : say_idle(harvest, slot);
}

static int receive(const struct harvest *harvest, struct slot slot, uint32_t events)
{
	bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	const struct reception reception =
		socket_receive(epoll_record(harvest->epoll, slot)->fd, to_the_end);
	int r = reception.received ? say(harvest, TRANSPORT_RECEIVED, slot, 0) : 0;
	if (r == 0 && reception.ended) {
		r = end_connection(harvest, slot, reception.error_number);
	}
	return r;
}

/* Handles the answer to a dial, or an ICMP error that the kernel does not act on yet. */
static int conclude_dial(const struct harvest *harvest, struct slot slot)
{
	struct record *record = epoll_record(harvest->epoll, slot);
	struct icmp_message message;
	int error_number;
	int r = 0;
	switch (socket_dial_state(record->fd, &error_number)) {
	case DIAL_CONNECTED:
		record_move(record, RECORD_CONNECTED);
		r = say(harvest, TRANSPORT_CONNECTED, slot, 0);
		if (r == 0 && error_number != 0) {
			r = end_connection(harvest, slot, error_number);
		}
		break;
	case DIAL_FAILED:
		record_move(record, RECORD_ENDING);
		r = explain_failure(harvest, slot, error_number);
		break;
	case DIAL_PENDING:
		if (socket_take_icmp(record->fd, &message)) {
			record_move(record, RECORD_ENDING);
			r = say_failed(harvest, slot, error_number, &message);
		}
		break;
	}
	return r;
}

static int handle_socket(const struct harvest *harvest, struct slot slot, uint32_t events)
{
	const struct record *record = epoll_record(harvest->epoll, slot);
	bool concerns_it = record->generation == slot.generation &&
		record->state == RECORD_CONNECTED && (events & ~(uint32_t)EPOLLOUT) != 0;
	return concerns_it ? receive(harvest, slot, events) : 0;
}

static int handle_event(const struct harvest *harvest, const struct epoll_event *event)
{
	struct slot slot = epoll_data_slot(event->data.u64);
	if ((event->data.u64 & EPOLL_DATA_FILE) != 0) {
		return say(harvest, TRANSPORT_READY, slot, 0);
	}
	return handle_socket(harvest, slot, event->events);
}

/* Of the events of this wait, the answers to dials. */
static int conclude_dials(const struct harvest *harvest)
{
	const struct epoll_event *events;
	unsigned count = poller_peek(&harvest->epoll->poller, &events);
	int r = 0;
	for (unsigned i = 0; r == 0 && i < count; i++) {
		uint64_t data = events[i].data.u64;
		struct slot slot = epoll_data_slot(data);
		if (data == POLLER_ALARM || (data & EPOLL_DATA_FILE) != 0) {
			continue;
		}
		const struct record *record = epoll_record(harvest->epoll, slot);
		if (record->generation == slot.generation && record->state == RECORD_CONNECTING) {
			r = conclude_dial(harvest, slot);
		}
	}
	return r;
}

static int handle_own(const struct harvest *harvest, const struct own_event *event)
{
	if (event->kind == TRANSPORT_FAILED) {
		return explain_failure(harvest, event->slot, event->error_number);
	}
	if (event->kind == TRANSPORT_IDLE) {
		return say_idle(harvest, event->slot);
	}
	return say(harvest, (enum transport_event_kind)event->kind, event->slot, 0);
}

static int start_dial(const struct harvest *harvest, const struct due_dial *dial, uint64_t now_ns)
{
	const struct transport_event event = {
		.kind = TRANSPORT_STARTED,
		.slot = dial->slot,
		.at_ns = now_ns,
		.since_ns = now_ns,
	};
	int r = epoll_dial_begin(harvest->epoll, dial->slot, dial->target);
	return r < 0 ? r : harvest->handler(harvest->context, &event);
}

static int start_due_dials(const struct harvest *harvest)
{
	struct epoll_transport *epoll = harvest->epoll;
	int r = 0;
	for (unsigned i = 0; r == 0 && i < DUE_MAX; i++) {
		const struct due_dial *first = epoll_dial_first_due(epoll);
		uint64_t now_ns = first != NULL ? clock_now_ns() : 0;
		if (first == NULL || first->due_ns > now_ns) {
			break;
		}
		const struct due_dial dial = *first; /* the handler may queue others */
		due_queue_drop_first(&epoll->due);
		r = start_dial(harvest, &dial, now_ns);
	}
	return r;
}

int epoll_harvest(
	struct transport *transport, uint64_t now_ns, transport_handler *handler, void *context)
{
	struct epoll_transport *epoll = (struct epoll_transport *)transport;
	const struct harvest harvest = {
		.epoll = epoll,
		.now_ns = now_ns,
		.handler = handler,
		.context = context,
	};
	struct epoll_event event;
	int r = 0;
	for (size_t left = epoll->own.count; r == 0 && left > 0; left--) {
		const struct own_event own = event_queue_take(&epoll->own);
		r = handle_own(&harvest, &own);
	}
	if (r == 0) {
		r = conclude_dials(&harvest);
	}
	while (r == 0 && poller_take(&epoll->poller, &event)) {
		r = handle_event(&harvest, &event);
	}
	return r < 0 ? r : start_due_dials(&harvest);
}

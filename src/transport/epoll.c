/* SPDX-License-Identifier: MIT */
/*
 * The classic way, for kernels and containers without io_uring: sockets that do not block, one
 * epoll_ctl for each (edge-triggered, for its dial and for all that it ever receives), and events
 * taken by the hundred. It makes no more system calls than a client written for the purpose
 * (bench/epoll.c).
 *
 * A dial with an instant waits in a queue of our own, and the poller's alarm is set for the first
 * of them. Events that do not come from the kernel (a dial that failed at once, IDLE, RELEASED)
 * wait in another queue until the next harvest.
 *
 * Each socket takes a descriptor, so the limit of open files bounds this transport; of memory, only
 * what the kernel takes for the sockets themselves does.
 */
#include "tcpgoon/transport/transport.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"
#include "tcpgoon/net/procfile.h"
#include "transport/epoll_dial.h"
#include "transport/epoll_harvest.h"
#include "transport/epoll_state.h"
#include "transport/socket.h"

/* Descriptors that are no connections: the standard streams, ours, the caller's, inherited ones. */
#define DESCRIPTORS_ELSEWHERE 24

#define WATCHES_PATH "/proc/sys/fs/epoll/max_user_watches"

static struct epoll_transport *of(struct transport *transport)
{
	return (struct epoll_transport *)transport;
}

static void needs(const struct transport_params *params, struct transport_needs *ret_needs)
{
	*ret_needs = (struct transport_needs){
		.descriptors = params->slots + DESCRIPTORS_ELSEWHERE,
		.descriptor_each = true,
		.queues = 1,
		.slots_per_queue = params->slots,
	};
}

static void destroy(struct transport *transport)
{
	struct epoll_transport *epoll = of(transport);
	if (epoll != NULL) {
		records_finish(&epoll->records);
		poller_finish(&epoll->poller);
		due_queue_finish(&epoll->due);
		event_queue_finish(&epoll->own);
		free(epoll);
	}
}

static int create(const struct transport_params *params, struct transport **ret_transport,
	struct error *error)
{
	struct epoll_transport *epoll = calloc(1, sizeof(*epoll));
	if (epoll == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the transport");
	}
	epoll->transport.ops = &transport_epoll;
	int r = poller_init(&epoll->poller, error);
	if (r == 0) {
		r = records_init(&epoll->records, params->slots);
		if (r < 0) {
			error_set(error, r, "no memory for %" PRIu64 " sockets", params->slots);
		}
	}
	if (r < 0) {
		destroy(&epoll->transport);
		return r;
	}
	*ret_transport = &epoll->transport;
	return 0;
}

/* UINT64_MAX if it cannot be read. */
static uint64_t watches_most(void)
{
	char *text = NULL;
	if (procfile_read(WATCHES_PATH, &text) < 0) {
		return UINT64_MAX;
	}
	uint64_t most = strtoull(text, NULL, 10);
	free(text);
	return most > 0 ? most : UINT64_MAX;
}

static int try_out(const struct transport_params *params, struct error *error)
{
	struct transport *transport = NULL;
	uint64_t watches = watches_most();
	if (params->slots > watches) {
		return error_set(error, -ENOSPC,
			"%" PRIu64 " connections by epoll are more than a user may watch, %" PRIu64
			": raise the sysctl fs.epoll.max_user_watches",
			params->slots, watches);
	}
	int r = create(params, &transport, error);
	if (r == 0) {
		destroy(transport);
	}
	return r;
}

static uint32_t room(const struct transport *transport, uint32_t first)
{
	const struct epoll_transport *epoll = (const struct epoll_transport *)transport;
	return (uint32_t)lesser(epoll->records.count - first, UINT32_MAX);
}

static int place(struct transport *transport, uint32_t first, const int *take_fds, unsigned count)
{
	struct epoll_transport *epoll = of(transport);
	for (unsigned i = 0; i < count; i++) {
		if (take_fds[i] >= 0) {
			records_place(&epoll->records, first + i, take_fds[i]);
		}
	}
	return 0;
}

static int dial(struct transport *transport, struct slot slot, const struct address *target,
	uint64_t due_ns)
{
	return epoll_dial(of(transport), slot, target, due_ns);
}

static int disarm(struct transport *transport, struct slot slot)
{
	struct epoll_transport *epoll = of(transport);
	bool is_armed = epoll_record(epoll, slot)->state == RECORD_ARMED;
	return is_armed ? epoll_dial_end(epoll, TRANSPORT_IDLE, slot, 0) : 0;
}

/* If the answer is already there, its event will follow, and the dial goes on. */
static int give_up(struct transport *transport, struct slot slot)
{
	struct epoll_transport *epoll = of(transport);
	const struct record *record = epoll_record(epoll, slot);
	bool is_unanswered = record->state == RECORD_ARMED ||
		(record->state == RECORD_CONNECTING && !socket_has_answer(record->fd));
	return is_unanswered ? epoll_dial_end(epoll, TRANSPORT_FAILED, slot, ECANCELED) : 0;
}

static int stop(struct transport *transport, struct slot slot)
{
	struct epoll_transport *epoll = of(transport);
	switch ((enum record_state)epoll_record(epoll, slot)->state) {
	case RECORD_ARMED:
	case RECORD_CONNECTING:
	case RECORD_CONNECTED:
		return epoll_dial_end(epoll, TRANSPORT_IDLE, slot, 0);
	case RECORD_EMPTY:
	case RECORD_PLACED:
	case RECORD_ENDING:
	case RECORD_IDLE:
	case RECORD_STATE_MAX:
		break;
	}
	return 0;
}

static int half_close(struct transport *transport, struct slot slot)
{
	/* If this fails, the connection was reset meanwhile. */
	(void)shutdown(epoll_record(of(transport), slot)->fd, SHUT_WR);
	return 0;
}

static int close_slot(struct transport *transport, struct slot slot, bool answers_fin)
{
	struct epoll_transport *epoll = of(transport);
	struct record *record = epoll_record(epoll, slot);
	(void)answers_fin; /* its FIN leaves at once in any case */
	record_move(record, RECORD_EMPTY);
	close(record->fd);
	return epoll_add_own(epoll, TRANSPORT_RELEASED, slot, 0);
}

static int watch_fd(struct transport *transport, int fd, uint32_t id)
{
	struct epoll_transport *epoll = of(transport);
	const struct slot slot = {.number = id};
	int r = poller_watch(
		&epoll->poller, fd, EPOLLIN | EPOLLONESHOT, EPOLL_DATA_FILE | epoll_data(slot));
	if (r == -EPERM) { /* a regular file, which can always be read */
		return epoll_add_own(epoll, TRANSPORT_READY, slot, 0);
	}
	return r < 0 ? poller_explain(r, "epoll_ctl", &epoll->error) : 0;
}

static int wait_for_events(
	struct transport *transport, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	struct epoll_transport *epoll = of(transport);
	const struct due_dial *first = epoll_dial_first_due(epoll);
	uint64_t due_ns = first != NULL ? first->due_ns : CLOCK_NEVER;
	return poller_wait(
		&epoll->poller, now_ns, epoll->own.count > 0 ? now_ns : until_ns, due_ns, error);
}

static bool has_work(struct transport *transport)
{
	struct epoll_transport *epoll = of(transport);
	return epoll->own.count > 0 || poller_has_event(&epoll->poller);
}

static void view(const struct transport *transport, struct transport_view *ret_view)
{
	(void)transport;
	*ret_view = (struct transport_view){.queues = 1};
}

static int explain(const struct transport *transport, int code, struct error *error)
{
	const struct epoll_transport *epoll = (const struct epoll_transport *)transport;
	if (error->text[0] == '\0' && epoll->error.text[0] != '\0') {
		*error = epoll->error;
	} else if (error->text[0] == '\0') {
		error_set_errno(error, code);
	}
	return code;
}

const struct transport_ops transport_epoll = {
	.name = "epoll",
	.socket_flags = SOCK_NONBLOCK,
	.needs = needs,
	.try_out = try_out,
	.create = create,
	.destroy = destroy,
	.room = room,
	.place = place,
	.dial = dial,
	.disarm = disarm,
	.give_up = give_up,
	.stop = stop,
	.half_close = half_close,
	.close = close_slot,
	.watch_fd = watch_fd,
	.wait = wait_for_events,
	.has_work = has_work,
	.harvest = epoll_harvest,
	.view = view,
	.explain = explain,
};

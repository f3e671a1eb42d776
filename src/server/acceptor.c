/* SPDX-License-Identifier: MIT */
/*
 * One lane accepts at a time, from a listening socket that is an ordinary descriptor, into direct
 * descriptors that the kernel chooses (admission.c says by which kind of accept); its connections
 * stay in it.
 *
 * The listening socket is shut down, not just closed: an accept that is pending holds a reference,
 * and the port would stay taken. Shut down, it lets the pending accepts complete and refuses all
 * others.
 */
#include "server/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "server/admission.h"
#include "tcpgoon/base/clock.h"

#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC)

static void notice(const struct acceptor *acceptor, const char *what, const char *why)
{
	const struct server_observer *observer = acceptor->connections->observer;
	char sentence[sizeof(((struct error *)NULL)->text) + 128];
	if (observer->on_notice != NULL) {
		snprintf(sentence, sizeof(sentence), "%s: %s", what, why);
		observer->on_notice(observer->context, sentence);
	}
}

/* What the kernel made of the backlog that was asked for. */
static uint32_t backlog_of(int listen_fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	if (getsockopt(listen_fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) {
		return SOMAXCONN;
	}
	return info.tcpi_sacked; /* of a listening socket: the most its queue takes */
}

void acceptor_init(
	struct acceptor *acceptor, struct connections *connections, int listen_fd, uint64_t most)
{
	*acceptor = (struct acceptor){
		.connections = connections,
		.listen_fd = listen_fd,
		.most = most,
		.margin = admission_margin(backlog_of(listen_fd)),
		.may_grow = true,
	};
}

static uint64_t allowed(const struct acceptor *acceptor)
{
	return acceptor->most == 0 ? UINT64_MAX
				   : acceptor->most - acceptor->connections->totals.accepted;
}

static struct lane *lane_of(const struct acceptor *acceptor)
{
	return &acceptor->connections->lanes.list[acceptor->lane];
}

static int add_lane(struct acceptor *acceptor)
{
	struct error why = ERROR_INIT;
	int r = connections_add_lane(acceptor->connections, &why);
	if (r < 0) {
		return r;
	}
	if (r > 0) {
		/* No reason to end: what is held is held, and what closes makes room. */
		acceptor->may_grow = false;
		notice(acceptor, "no room for more connections than are open now", why.text);
		return 0;
	}
	acceptor->lane = acceptor->connections->lanes.count - 1;
	return 0;
}

/* The accepting lane is full: another takes over. */
static int change_lane(struct acceptor *acceptor)
{
	const struct connections *connections = acceptor->connections;
	int next = admission_next_lane(connections->used, connections->lanes.count,
		connections->lanes.slots_per_lane, allowed(acceptor), acceptor->may_grow);
	if (next == ADMISSION_NEW_LANE) {
		return add_lane(acceptor);
	}
	if (next != ADMISSION_NO_LANE) {
		acceptor->lane = (unsigned)next;
	}
	return 0;
}

static int start_multishot(struct acceptor *acceptor)
{
	int r = submit_multishot(lane_of(acceptor), acceptor->listen_fd);
	acceptor->multishot = r == 0;
	return r;
}

static int stop_multishot(struct acceptor *acceptor)
{
	acceptor->stopping = true;
	return submit_cancel(lane_of(acceptor), OPERATION_MULTISHOT, 0);
}

static int add_singles(struct acceptor *acceptor, unsigned count)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = submit_single(lane_of(acceptor), acceptor->listen_fd, acceptor->single_number);
		if (r == 0) {
			acceptor->single_number++;
			acceptor->singles++;
		}
	}
	return r;
}

static int carry_out(struct acceptor *acceptor, const struct admission_order *order)
{
	int r = 0;
	if (order->start_multishot) {
		r = start_multishot(acceptor);
	}
	if (order->stop_multishot) {
		r = stop_multishot(acceptor);
	}
	return r < 0 ? r : add_singles(acceptor, order->singles);
}

int acceptor_steer(struct acceptor *acceptor, uint64_t now_ns)
{
	const struct connections *connections = acceptor->connections;
	if (now_ns < acceptor->resume_ns) {
		return 0;
	}
	if (!acceptor_is_asking(acceptor) &&
		connections_free_slots(connections, acceptor->lane) == 0) {
		int r = change_lane(acceptor);
		if (r < 0) {
			return r;
		}
	}
	const struct admission_view view = {
		.free_slots = connections_free_slots(connections, acceptor->lane),
		.allowed = allowed(acceptor),
		.margin = acceptor->margin,
		.singles = acceptor->singles,
		.multishot = acceptor->multishot,
		.stopping = acceptor->stopping,
	};
	const struct admission_order order = admission_decide(&view);
	return carry_out(acceptor, &order);
}

/* An accept that brought nothing: 0 where another one may, later or at once. */
static int handle_error(struct acceptor *acceptor, int code, uint64_t now_ns)
{
	switch (-code) {
	case ECANCELED: /* by us */
	case EINTR:
	case EAGAIN:
	/* What befell a connection before it was accepted: accept(2). */
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ETIMEDOUT:
		return 0;
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		acceptor->resume_ns = now_ns + ACCEPT_PAUSE_NS;
		if (!acceptor->said_paused) {
			acceptor->said_paused = true;
			notice(acceptor, "accepting less than asked, trying again every 100ms",
				strerror(-code));
		}
		return 0;
	default:
		return acceptor->shut ? 0 : code; /* shut down, it says EINVAL */
	}
}

int acceptor_completed(struct acceptor *acceptor, struct lane *lane,
	enum server_operation operation, int result, unsigned flags, uint64_t now_ns)
{
	if (operation == OPERATION_SINGLE) {
		acceptor->singles--;
	} else if ((flags & IORING_CQE_F_MORE) == 0) {
		acceptor->multishot = false;
		acceptor->stopping = false;
	}
	return result >= 0 ? connections_accepted(acceptor->connections, lane, (uint32_t)result)
			   : handle_error(acceptor, result, now_ns);
}

bool acceptor_somebody_waits(const struct acceptor *acceptor)
{
	struct pollfd queue = {.fd = acceptor->listen_fd, .events = POLLIN};
	return poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN) != 0;
}

int acceptor_shut(struct acceptor *acceptor, struct error *error)
{
	if (shutdown(acceptor->listen_fd, SHUT_RDWR) < 0) {
		return error_set(error, -errno, "cannot shut the listening socket down: %s",
			strerror(errno));
	}
	acceptor->shut = true;
	return 0;
}

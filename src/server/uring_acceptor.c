/* SPDX-License-Identifier: MIT */
/*
 * One lane at a time accepts, from a listening socket that is an ordinary descriptor, into direct
 * descriptors that the kernel chooses. admission.c decides the kind of accept. Connections stay in
 * the lane that accepted them.
 */
#include "server/uring_acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "server/admission.h"
#include "tcpgoon/uring/lanes.h"

/* The backlog that the kernel has granted. */
static uint32_t backlog_of(int listen_fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	if (getsockopt(listen_fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) {
		return SOMAXCONN;
	}
	return info.tcpi_sacked; /* for a listening socket: the most its queue takes */
}

void uring_acceptor_init(
	struct uring_acceptor *acceptor, struct server_engine *engine, struct lanes *lanes)
{
	*acceptor = (struct uring_acceptor){
		.engine = engine,
		.lanes = lanes,
		.margin = admission_margin(backlog_of(engine->listen_fd)),
		.may_grow = true,
	};
}

static struct lane *lane_of(const struct uring_acceptor *acceptor)
{
	return &acceptor->lanes->list[acceptor->lane];
}

static int add_lane(struct uring_acceptor *acceptor)
{
	struct error why = ERROR_INIT;
	if (lanes_add(acceptor->lanes, &why) < 0) {
		/*
		 * No reason to end: open connections stay open, and each one that ends makes room.
		 */
		acceptor->may_grow = false;
		server_engine_notice(acceptor->engine,
			"no room for more connections than are open now", why.text);
		return 0;
	}
	int r = connections_add_block(&acceptor->engine->connections);
	if (r == 0) {
		acceptor->lane = acceptor->lanes->count - 1;
	}
	return r;
}

/* The accepting lane is full: another takes over. */
static int change_lane(struct uring_acceptor *acceptor)
{
	int next = admission_next_lane(acceptor->engine->connections.used, acceptor->lanes->count,
		acceptor->lanes->slots_per_lane, server_engine_allowed(acceptor->engine),
		acceptor->may_grow);
	if (next == ADMISSION_NEW_LANE) {
		return add_lane(acceptor);
	}
	if (next != ADMISSION_NO_LANE) {
		acceptor->lane = (unsigned)next;
	}
	return 0;
}

static int start_multishot(struct uring_acceptor *acceptor)
{
	int r = submit_multishot(lane_of(acceptor), acceptor->engine->listen_fd);
	acceptor->multishot = r == 0;
	return r;
}

static int stop_multishot(struct uring_acceptor *acceptor)
{
	acceptor->stopping = true;
	return submit_cancel(lane_of(acceptor), OPERATION_MULTISHOT, 0);
}

static int add_singles(struct uring_acceptor *acceptor, unsigned count)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = submit_single(
			lane_of(acceptor), acceptor->engine->listen_fd, acceptor->single_number);
		if (r == 0) {
			acceptor->single_number++;
			acceptor->singles++;
		}
	}
	return r;
}

static int carry_out(struct uring_acceptor *acceptor, const struct admission_order *order)
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

static uint32_t free_slots(const struct uring_acceptor *acceptor)
{
	return connections_free_slots(&acceptor->engine->connections, acceptor->lane);
}

int uring_acceptor_steer(struct uring_acceptor *acceptor, uint64_t now_ns)
{
	if (now_ns < acceptor->engine->resume_ns || acceptor->engine->shut) {
		return 0;
	}
	if (!uring_acceptor_is_asking(acceptor) && free_slots(acceptor) == 0) {
		int r = change_lane(acceptor);
		if (r < 0) {
			return r;
		}
	}
	const struct admission_view view = {
		.free_slots = free_slots(acceptor),
		.allowed = server_engine_allowed(acceptor->engine),
		.margin = acceptor->margin,
		.singles = acceptor->singles,
		.multishot = acceptor->multishot,
		.stopping = acceptor->stopping,
	};
	const struct admission_order order = admission_decide(&view);
	return carry_out(acceptor, &order);
}

void uring_acceptor_completed(
	struct uring_acceptor *acceptor, enum server_operation operation, unsigned flags)
{
	if (operation == OPERATION_SINGLE) {
		acceptor->singles--;
	} else if ((flags & IORING_CQE_F_MORE) == 0) {
		acceptor->multishot = false;
		acceptor->stopping = false;
	}
}

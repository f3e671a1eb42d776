/* SPDX-License-Identifier: MIT */
/*
 * One thread, as many lanes as the connections need, added as they come: with no limit given
 * nobody knows how many that will be. One lane accepts at a time, from a listening socket that is
 * an ordinary descriptor, into direct descriptors that the kernel chooses (admission.c says by
 * which kind of accept); its connections stay in it. Each has one RECV pending, which owns no
 * buffer, and costs one byte here: whether it is watched. There is no generation in the tokens, as
 * a slot's requests follow one another: RECV, RECV, ..., CLOSE, and nothing else is in flight
 * when the slot is free for the next connection.
 *
 * When the peer has closed, so does the server; where the kernel would hold the socket back
 * (release.c), a SHUTDOWN goes before the CLOSE, so that the peer has its FIN at once.
 *
 * A slot counts as free from the completion of its CLOSE, which may be later than it is, never
 * earlier; so room is underestimated at worst.
 *
 * The end. To leave the connections to the exit of the rings would be free, but it is asynchronous:
 * the process would be gone, and its sockets still open for seconds (about 16 for a million), with
 * peers that see nothing and tuples that the next run stumbles over. A server that says it has
 * ended should have ended. So every RECV is cancelled and every slot closed, which takes 8
 * microseconds each, no longer than the kernel would take behind our back. The numbers are taken
 * before, and a second signal cuts it short. (Where the kernel holds sockets back, they go when
 * the last RECV has been cancelled: at once, or within a second on 6.1.)
 *
 * The listening socket is shut down, not just closed: an accept that is pending holds a reference,
 * and the port would stay taken. Shut down, it lets the pending accepts complete and refuses all
 * others.
 */
#include "tcpgoon/server/server.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/server/admission.h"
#include "tcpgoon/uring/lanes.h"
#include "tcpgoon/uring/release.h"
#include "tcpgoon/uring/ring.h"
#include "tcpgoon/uring/signals.h"

/* Slots of a lane where the number of connections is not known: half a MiB of kernel memory. */
#define SLOTS_UNKNOWN 65536

#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC)
/* How long it may take, once a signal has come, to accept what is queued. */
#define QUEUE_PATIENCE_NS NSEC_PER_SEC
#define CANCEL_BATCH 64

enum server_operation {
	OPERATION_SIGNAL = 1,
	OPERATION_MULTISHOT,
	OPERATION_SINGLE,
	OPERATION_RECV,
	OPERATION_CLOSE,
	OPERATION_CANCEL,
	OPERATION_SHUTDOWN,
};

struct server {
	const struct server_settings *settings;
	const struct server_observer *observer;
	int listen_fd;
	struct signals signals;
	struct lanes lanes;

	/* Of each lane: how many slots are taken, and which of them are watched. */
	uint32_t *used;
	bool **watched;
	unsigned followed; /* lanes that have their entries in both */
	uint64_t used_in_all;

	/* Accepting. */
	unsigned accepting; /* the lane that does */
	uint64_t margin;
	unsigned singles;
	uint32_t single_number; /* of the next, for its token */
	bool multishot;
	bool stopping;
	bool may_grow;
	bool said_full;
	bool said_paused;
	uint64_t resume_ns;

	bool shutdown_first; /* before CLOSE */
	uint64_t now_ns;
	bool ended;
	bool closing;
	struct server_totals totals;
};

static void notice(struct server *server, const char *what, const char *why)
{
	char sentence[sizeof(((struct error *)NULL)->text) + 128];
	if (server->observer->on_notice != NULL) {
		snprintf(sentence, sizeof(sentence), "%s: %s", what, why);
		server->observer->on_notice(server->observer->context, sentence);
	}
}

static void debug(struct server *server, const char *event, const struct lane *lane, uint32_t slot)
{
	if (server->observer->on_debug != NULL) {
		char line[128];
		snprintf(line, sizeof(line), "%s: lane %u slot %u, %llu open", event, lane->number,
			slot, (unsigned long long)server->totals.open);
		server->observer->on_debug(server->observer->context, line);
	}
}

static uint64_t allowed(const struct server *server)
{
	uint64_t most = server->settings->max_connections;
	return most == 0 ? UINT64_MAX : most - server->totals.accepted;
}

static uint64_t free_slots(const struct server *server, unsigned lane)
{
	uint32_t slots = server->lanes.slots_per_lane;
	uint32_t used = server->used[lane];
	return used < slots ? slots - used : 0;
}

static void end(struct server *server, enum server_end why)
{
	if (!server->ended) {
		server->ended = true;
		server->totals.end = why;
	}
}

/* Sets *ret_sqe to one of the lane, with its token. */
static int take_sqe(struct lane *lane, struct io_uring_sqe **ret_sqe)
{
	int r = ring_reserve(&lane->ring, 1);
	if (r < 0) {
		return r;
	}
	*ret_sqe = lane_sqe(lane);
	return 0;
}

static uint64_t token_of(enum server_operation operation, uint32_t index)
{
	return token_pack((struct token){.operation = (uint8_t)operation, .index = index});
}

static int submit_multishot(struct server *server)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(&server->lanes.list[server->accepting], &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_multishot_accept_direct(sqe, server->listen_fd, NULL, NULL, 0);
	sqe->user_data = token_of(OPERATION_MULTISHOT, 0);
	server->multishot = true;
	return 0;
}

static int submit_single(struct server *server)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(&server->lanes.list[server->accepting], &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_accept(sqe, server->listen_fd, NULL, NULL, 0);
	/* liburing 2.3's prep_accept_direct adds 1 to it: an ordinary descriptor would come out. */
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	sqe->user_data = token_of(OPERATION_SINGLE, server->single_number++);
	server->singles++;
	return 0;
}

static int submit_cancel(struct lane *lane, enum server_operation operation, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_cancel64(sqe, token_of(operation, index), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = token_of(OPERATION_CANCEL, index);
	return 0;
}

static int submit_recv(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_recv(lane, sqe, slot, token_of(OPERATION_RECV, slot));
	return 0;
}

static int submit_close(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_close_direct(sqe, slot);
	sqe->user_data = token_of(OPERATION_CLOSE, slot);
	return 0;
}

/* Answers the peer's FIN with ours and frees the slot. */
static int submit_shutdown_and_close(struct lane *lane, uint32_t slot)
{
	int r = ring_reserve(&lane->ring, 2);
	if (r < 0) {
		return r;
	}
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_shutdown(sqe, (int)slot, SHUT_RDWR);
	/* Where it fails, the peer has reset the connection meanwhile: CLOSE follows all the same. */
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = token_of(OPERATION_SHUTDOWN, slot);
	return submit_close(lane, slot);
}

static int handle_accepted(struct server *server, struct lane *lane, uint32_t slot)
{
	struct server_totals *totals = &server->totals;
	assert(!server->watched[lane->number][slot]);
	server->watched[lane->number][slot] = true;
	server->used[lane->number]++;
	server->used_in_all++;
	totals->open++;
	if (totals->open > totals->max_open) {
		totals->max_open = totals->open;
	}
	totals->accepted++;
	if (totals->accepted == server->settings->max_connections) {
		end(server, SERVER_REACHED_CONNECTIONS);
	}
	debug(server, "accepted", lane, slot);
	return submit_recv(lane, slot);
}

/* An accept that brought nothing: 0 where another one may, later or at once. */
static int handle_accept_error(struct server *server, int code)
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
		server->resume_ns = server->now_ns + ACCEPT_PAUSE_NS;
		if (!server->said_paused) {
			server->said_paused = true;
			notice(server, "accepting less than asked, trying again every 100ms",
				strerror(-code));
		}
		return 0;
	default:
		return server->ended ? 0 : code; /* shut down, it says EINVAL */
	}
}

static int handle_accept(struct server *server, struct lane *lane, int result)
{
	return result >= 0 ? handle_accepted(server, lane, (uint32_t)result)
			   : handle_accept_error(server, result);
}

/* The RECV ended and the connection with it: for the peer's reasons or, when closing, ours. */
static int handle_ended(struct server *server, struct lane *lane, uint32_t slot, int result)
{
	server->watched[lane->number][slot] = false;
	server->totals.open--;
	if (result == 0) {
		server->totals.closed_by_peer++;
		debug(server, "closed by peer", lane, slot);
	} else if (result < 0 && result != -ECANCELED) {
		server->totals.reset_by_peer++;
		debug(server, "reset by peer", lane, slot);
	}
	return result == 0 && server->shutdown_first ? submit_shutdown_and_close(lane, slot)
						     : submit_close(lane, slot);
}

static int handle_recv(
	struct server *server, struct lane *lane, uint32_t slot, int result, unsigned flags)
{
	lane_recycle_buffer(lane, flags);
	server->totals.received_bytes += result > 0 ? (uint64_t)result : 0;
	/* ENOBUFS: more received at once than there are buffers; they are back by now. */
	bool goes_on = result > 0 || result == -ENOBUFS || result == -EINTR || result == -EAGAIN;
	return goes_on && !server->closing ? submit_recv(lane, slot)
					   : handle_ended(server, lane, slot, result);
}

static int handle_signal(struct server *server, struct lane *lane, int result)
{
	if (result == -EINTR || result == -EAGAIN) {
		return signals_arm(&server->signals, lane, token_of(OPERATION_SIGNAL, 0));
	}
	if (result < 0) {
		return result;
	}
	signals_release(&server->signals);
	end(server, SERVER_INTERRUPTED);
	return 0;
}

static int handle_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	struct server *server = context;
	switch ((enum server_operation)token.operation) {
	case OPERATION_SIGNAL:
		return handle_signal(server, lane, result);
	case OPERATION_MULTISHOT:
		if ((flags & IORING_CQE_F_MORE) == 0) {
			server->multishot = false;
			server->stopping = false;
		}
		return handle_accept(server, lane, result);
	case OPERATION_SINGLE:
		server->singles--;
		return handle_accept(server, lane, result);
	case OPERATION_RECV:
		return handle_recv(server, lane, token.index, result, flags);
	case OPERATION_CLOSE:
		assert(result == 0);
		server->used[lane->number]--;
		server->used_in_all--;
		return 0;
	case OPERATION_SHUTDOWN:
		return 0;
	case OPERATION_CANCEL:
		return 0; /* it came too late: what it was for has a completion of its own */
	}
	return -EPROTO;
}

/* Entries for the lane added last. */
static int follow_lane(struct server *server)
{
	unsigned count = server->lanes.count;
	uint32_t *used = reallocarray(server->used, count, sizeof(*used));
	if (used == NULL) {
		return -ENOMEM;
	}
	server->used = used;
	bool **watched = reallocarray(server->watched, count, sizeof(*watched));
	if (watched == NULL) {
		return -ENOMEM;
	}
	server->watched = watched;
	bool *slots = calloc(server->lanes.slots_per_lane, sizeof(*slots));
	if (slots == NULL) {
		return -ENOMEM;
	}
	used[count - 1] = 0;
	watched[count - 1] = slots;
	server->followed = count;
	return 0;
}

static int add_lane(struct server *server)
{
	struct error why = ERROR_INIT;
	int r = lanes_add(&server->lanes, &why);
	if (r < 0) {
		/* No reason to end: what is held is held, and what closes makes room. */
		server->may_grow = false;
		notice(server, "no room for more connections than are open now", why.text);
		return 0;
	}
	server->accepting = server->lanes.count - 1;
	return follow_lane(server);
}

/* The accepting lane is full: another takes over. */
static int change_lane(struct server *server)
{
	int next = admission_next_lane(server->used, server->lanes.count,
		server->lanes.slots_per_lane, allowed(server), server->may_grow);
	if (next == ADMISSION_NEW_LANE) {
		return add_lane(server);
	}
	if (next != ADMISSION_NO_LANE) {
		server->accepting = (unsigned)next;
	}
	return 0;
}

/* Asks for as many connections as there is room for. */
static int steer(struct server *server)
{
	if (server->now_ns < server->resume_ns) {
		return 0;
	}
	bool idle = !server->multishot && server->singles == 0;
	if (idle && free_slots(server, server->accepting) == 0) {
		int r = change_lane(server);
		if (r < 0) {
			return r;
		}
	}
	const struct admission_view view = {
		.free_slots = free_slots(server, server->accepting),
		.allowed = allowed(server),
		.margin = server->margin,
		.singles = server->singles,
		.multishot = server->multishot,
		.stopping = server->stopping,
	};
	struct admission_order order = admission_decide(&view);
	int r = 0;
	if (order.start_multishot) {
		r = submit_multishot(server);
	}
	if (order.stop_multishot) {
		server->stopping = true;
		r = submit_cancel(&server->lanes.list[server->accepting], OPERATION_MULTISHOT, 0);
	}
	for (unsigned i = 0; r == 0 && i < order.singles; i++) {
		r = submit_single(server);
	}
	return r;
}

static int harvest(struct server *server, uint64_t until_ns, struct error *error)
{
	int r = lanes_wait(&server->lanes, server->now_ns, until_ns, error);
	if (r < 0) {
		return r;
	}
	server->now_ns = clock_now_ns();
	r = lanes_harvest(&server->lanes, handle_completion, server);
	return r < 0 ? error_set(error, r, "cannot go on serving: %s", strerror(-r)) : 0;
}

/* One round: asks for connections, then deals with what is there by `until_ns`. */
static int go_on(struct server *server, uint64_t until_ns, struct error *error)
{
	int r = steer(server);
	if (r < 0) {
		return error_set(error, r, "cannot accept: %s", strerror(-r));
	}
	bool pausing = server->resume_ns > server->now_ns && server->resume_ns < until_ns;
	return harvest(server, pausing ? server->resume_ns : until_ns, error);
}

static int serve(struct server *server, struct error *error)
{
	uint64_t duration_ns = server->settings->duration_ns;
	uint64_t deadline_ns = duration_ns == 0 ? CLOCK_NEVER : server->now_ns + duration_ns;
	int r = go_on(server, server->now_ns, error);
	if (r == 0 && server->observer->on_ready != NULL) {
		server->observer->on_ready(server->observer->context);
	}
	while (r == 0 && !server->ended) {
		r = go_on(server, deadline_ns, error);
		if (server->now_ns >= deadline_ns) {
			end(server, SERVER_REACHED_DURATION);
		}
	}
	return r;
}

/* Whether a connection waits to be accepted. */
static bool somebody_waits(const struct server *server)
{
	struct pollfd queue = {.fd = server->listen_fd, .events = POLLIN};
	return poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN) != 0;
}

/*
 * Accepts what had come before the signal: its peers believe in it, and the totals are to agree with
 * theirs. Those that go on dialling must not keep it from ending.
 */
static int empty_queue(struct server *server, struct error *error)
{
	uint64_t deadline_ns = server->now_ns + QUEUE_PATIENCE_NS;
	int r = 0;
	while (r == 0 && server->now_ns < deadline_ns && somebody_waits(server)) {
		r = steer(server);
		if (r < 0) {
			return error_set(error, r, "cannot accept: %s", strerror(-r));
		}
		if (!server->multishot && server->singles == 0) {
			break; /* there is no room for more */
		}
		r = harvest(server, deadline_ns, error);
	}
	return r;
}

/* No connection is accepted any more when this returns, and those that were are counted. */
static int stop_accepting(struct server *server, struct error *error)
{
	if (shutdown(server->listen_fd, SHUT_RDWR) < 0) {
		return error_set(error, -errno, "cannot shut the listening socket down: %s",
			strerror(errno));
	}
	while (server->multishot || server->singles > 0) {
		int r = harvest(server, CLOCK_NEVER, error);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/*
 * From the highest slot down: the kernel gives the lowest free one, so that is nearly from the
 * newest to the oldest. It keeps a ring's pending requests in a small hash whose chains have the
 * newest in front, and from the other end each CANCEL would walk its whole chain.
 */
static int cancel_lane(struct server *server, struct lane *lane, struct error *error)
{
	const bool *watched = server->watched[lane->number];
	unsigned queued = 0;
	for (uint32_t slot = lane->slots; slot-- > 0;) {
		if (!watched[slot]) {
			continue;
		}
		int r = submit_cancel(lane, OPERATION_RECV, slot);
		if (r < 0) {
			return error_set(error, r, "cannot cancel: %s", strerror(-r));
		}
		if (++queued % CANCEL_BATCH == 0) {
			r = harvest(server, server->now_ns, error);
			if (r < 0) {
				return r;
			}
		}
	}
	return 0;
}

static int close_connections(struct server *server, struct error *error)
{
	server->closing = true;
	for (unsigned i = 0; i < server->lanes.count; i++) {
		int r = cancel_lane(server, &server->lanes.list[i], error);
		if (r < 0) {
			return r;
		}
	}
	while (server->used_in_all > 0) {
		int r = harvest(server, CLOCK_NEVER, error);
		if (r < 0) {
			return r;
		}
	}
	return 0;
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

static int init(struct server *server, struct error *error)
{
	int r = signals_init(&server->signals, error);
	if (r < 0) {
		return r;
	}
	uint64_t nofile = limits_raise_nofile();
	uint64_t most = server->settings->max_connections;
	uint64_t table = most == 0 || most > SLOTS_UNKNOWN ? SLOTS_UNKNOWN : most;
	const struct lanes_params params = {
		.slots = table < nofile ? table : nofile,
		.table_most = nofile,
		.memlock = limits_memlock(),
	};
	r = lanes_init(&server->lanes, &params, error);
	if (r < 0) {
		return r;
	}
	r = follow_lane(server);
	if (r < 0) {
		return error_set(error, r, "no memory for %u connections", (unsigned)params.slots);
	}
	server->margin = admission_margin(backlog_of(server->listen_fd));
	server->may_grow = true;
	server->shutdown_first = !release_is_prompt();
	server->now_ns = clock_now_ns();
	r = signals_arm(&server->signals, &server->lanes.list[0], token_of(OPERATION_SIGNAL, 0));
	return r < 0 ? error_set(error, r, "io_uring_enter: %s", strerror(-r)) : 0;
}

static void finish(struct server *server)
{
	for (unsigned i = 0; i < server->followed; i++) {
		free(server->watched[i]);
	}
	free(server->watched);
	free(server->used);
	lanes_finish(&server->lanes);
	signals_finish(&server->signals);
	close(server->listen_fd);
}

int server_serve_take_fd(int listen_fd, const struct server_settings *settings,
	const struct server_observer *observer, struct server_totals *ret_totals,
	struct error *error)
{
	struct server server = {
		.settings = settings,
		.observer = observer,
		.listen_fd = listen_fd,
		.signals.fd = -1,
		.lanes.wake_fd = -1,
	};
	int r = init(&server, error);
	if (r == 0) {
		r = serve(&server, error);
	}
	if (r == 0 && server.totals.end == SERVER_INTERRUPTED) {
		r = empty_queue(&server, error);
	}
	if (r == 0) {
		r = stop_accepting(&server, error);
	}
	if (r == 0) {
		*ret_totals = server.totals;
		r = close_connections(&server, error);
	}
	finish(&server);
	return r;
}

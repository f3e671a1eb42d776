/* SPDX-License-Identifier: MIT */
/*
 * The server on epoll, for systems that refuse io_uring. This engine carries out each request at
 * once, so nothing is ever in flight: a connection that ends is closed, and its descriptor free,
 * before the next event is handled. There are no late events, for a descriptor that has another
 * connection by now: only the handler of an event closes its descriptor, connections are accepted
 * after all events of a turn, behaviours end connections between two turns, and the kernel drops
 * the events of a closed descriptor.
 *
 * Events are edge-triggered: an event reports new data once, so the engine receives from a
 * connection until nothing is left. A peer that sends faster than that would take all of the
 * server's time: after some rounds the engine goes on to the others, and an EPOLL_CTL_MOD makes the
 * kernel report again what is left. A connection that may be sent something is watched for room
 * for output too, from the first: edge-triggered, that costs an event only when there was none.
 *
 * Connections are accepted one by one and only as many as are allowed: the others stay in the
 * listening socket's queue. A turn accepts only some, so that open connections get their turn.
 *
 * Each connection takes a descriptor. If none is left, accept4() fails before it takes a connection
 * from the queue, and none is lost: accepting goes on when a connection is closed here, or after a
 * pause, because limits may be raised and other programs may end. epoll_ctl() has a limit of its
 * own (fs.epoll.max_user_watches) and is called later, when the connection is ours: the engine
 * keeps the connection, and watches it when it can.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/accept_failure.h"
#include "server/engine.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/signals.h"

/* Descriptors of a block of connections, as bits; the descriptor's number is the place. */
#define BLOCK_BITS 16
#define BLOCK_SLOTS (UINT32_C(1) << BLOCK_BITS)

#define EVENTS_MAX 512
/* The most connections accepted in one turn. */
#define ACCEPTS_MAX 256
/* The most receives from one connection in one turn. */
#define RECEIVES_MAX 16
/* The most that one recv() drops. */
#define RECEIVE_MAX (1U << 16)

struct epoll_engine {
	struct server_engine base;
	struct signals *signals; /* not owned */
	int signal_fd; /* the descriptor of `signals` */
	int epoll_fd; /* owned */
	int unwatched_fd; /* the connection that epoll would not take yet; -1: none */
	uint32_t watched; /* the events of a connection that is watched for all that it may do */
	bool asking; /* there is room, and no pause */
	bool may_have_queued; /* the queue may hold connections: no accept found it empty since */
	int event_count;
	struct epoll_event events[EVENTS_MAX];
	/* The buffer for recv(): only an echo is ever written to it. */
	char buffer[RECEIVE_MAX];
};

static struct epoll_engine *of(struct server_engine *base)
{
	return (struct epoll_engine *)base;
}

static struct place place_of(int fd)
{
	return (struct place){
		.block = (uint32_t)fd >> BLOCK_BITS,
		.slot = (uint32_t)fd % BLOCK_SLOTS,
	};
}

static int fd_of(struct place place)
{
	return (int)(place.block << BLOCK_BITS | place.slot);
}

static int control(struct epoll_engine *engine, int operation, int fd, uint32_t events)
{
	if (fd == engine->unwatched_fd && operation == EPOLL_CTL_MOD) {
		return 0; /* all is reported once it is watched */
	}
	struct epoll_event event = {.events = events, .data.fd = fd};
	return epoll_ctl(engine->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

static int watch(struct epoll_engine *engine, int operation, int fd)
{
	return control(engine, operation, fd, engine->watched);
}

static void close_connections(struct connections *connections)
{
	for (uint32_t block = 0; block < connections->blocks; block++) {
		for (uint32_t slot = 0; slot < BLOCK_SLOTS; slot++) {
			const struct place place = {.block = block, .slot = slot};
			if (connections_hold(connections, place)) {
				close(fd_of(place));
			}
		}
	}
}

static void destroy(struct server_engine *base)
{
	struct epoll_engine *engine = of(base);
	close_connections(&base->connections);
	server_engine_finish(base);
	if (engine->epoll_fd >= 0) {
		close(engine->epoll_fd);
	}
	free(engine);
}

static int open_epoll(struct epoll_engine *engine)
{
	int listen_fd = engine->base.listen_fd;
	int flags = fcntl(listen_fd, F_GETFL);
	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		return -errno;
	}
	engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (engine->epoll_fd < 0) {
		return -errno;
	}
	int r = control(engine, EPOLL_CTL_ADD, listen_fd, EPOLLIN | EPOLLET);
	return r < 0 ? r : control(engine, EPOLL_CTL_ADD, engine->signal_fd, EPOLLIN);
}

static int create(const struct server_engine_params *params, struct server_engine **ret_engine,
	struct error *error)
{
	struct epoll_engine *engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		return error_set(error, -ENOMEM, "no memory for the server");
	}
	engine->signals = params->signals;
	engine->signal_fd = signals_poll_fd(params->signals);
	engine->epoll_fd = -1;
	engine->unwatched_fd = -1;
	engine->watched = EPOLLIN | EPOLLRDHUP | EPOLLET;
	if (behaviour_has(params->behaviour, BEHAVE_ECHO) ||
		behaviour_has(params->behaviour, BEHAVE_BANNER)) {
		engine->watched |= EPOLLOUT;
	}
	int r = server_engine_init(&engine->base, &server_epoll_ops, params, BLOCK_SLOTS, error);
	if (r == 0) {
		r = open_epoll(engine);
		if (r < 0) {
			error_set(error, r, "epoll cannot be had: %s", strerror(-r));
		}
	}
	if (r < 0) {
		destroy(&engine->base);
		return r;
	}
	*ret_engine = &engine->base;
	return 0;
}

static int watch_the_unwatched(struct epoll_engine *engine, uint64_t now_ns)
{
	int r = watch(engine, EPOLL_CTL_ADD, engine->unwatched_fd);
	if (r < 0) {
		return server_engine_accept_failed(&engine->base, r, now_ns);
	}
	engine->unwatched_fd = -1;
	return 0;
}

static int steer(struct server_engine *base, uint64_t now_ns)
{
	struct epoll_engine *engine = of(base);
	int r = 0;
	if (engine->unwatched_fd >= 0 && now_ns >= base->resume_ns) {
		r = watch_the_unwatched(engine, now_ns);
	}
	engine->asking = engine->unwatched_fd < 0 && now_ns >= base->resume_ns &&
		server_engine_allowed(base) > 0;
	return r;
}

static bool is_asking(const struct server_engine *base)
{
	return ((const struct epoll_engine *)base)->asking && !base->shut;
}

/* epoll_wait's timeout: whole milliseconds, rounded up. */
static int milliseconds(uint64_t now_ns, uint64_t until_ns)
{
	if (until_ns == CLOCK_NEVER) {
		return -1;
	}
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	uint64_t left_ms = left_ns / NSEC_PER_MSEC + (left_ns % NSEC_PER_MSEC != 0);
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static int wait_for_events(
	struct server_engine *base, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	struct epoll_engine *engine = of(base);
	bool at_once = is_asking(base) && engine->may_have_queued;
	int count = epoll_wait(engine->epoll_fd, engine->events, EVENTS_MAX,
		at_once ? 0 : milliseconds(now_ns, until_ns));
	if (count < 0 && errno != EINTR) {
		return error_set(error, -errno, "epoll_wait fails: %s", strerror(errno));
	}
	engine->event_count = count < 0 ? 0 : count;
	return 0;
}

/* At most `size` bytes, 0: no limit. Returns a number of bytes or a negative errno. */
static int receive_once(struct epoll_engine *engine, int fd, uint32_t size, int flags)
{
	size_t most = size > 0 && size < sizeof(engine->buffer) ? size : sizeof(engine->buffer);
	ssize_t length = recv(fd, engine->buffer, most, flags | MSG_DONTWAIT);
	return length < 0 ? -errno : (int)length;
}

static int send_once(int fd, const char *data, uint32_t size)
{
	ssize_t length = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	return length < 0 ? -errno : (int)length;
}

static int receive(struct epoll_engine *engine, int fd, uint32_t size, bool *ret_ready)
{
	int result = receive_once(engine, fd, size, MSG_TRUNC);
	*ret_ready = result != -EAGAIN;
	return connections_received(&engine->base.connections, place_of(fd), result);
}

/* What the peer has no room for stays in the kernel, unread. */
static int echo(struct epoll_engine *engine, int fd, uint32_t size, bool *ret_ready)
{
	struct connections *connections = &engine->base.connections;
	const struct place place = place_of(fd);
	int length = receive_once(engine, fd, size, MSG_PEEK);
	if (length <= 0) {
		*ret_ready = length != -EAGAIN;
		return connections_received(connections, place, length);
	}
	int sent = send_once(fd, engine->buffer, (uint32_t)length);
	*ret_ready = sent == length;
	int r = connections_echoed(connections, place, sent, (uint32_t)length);
	if (r < 0 || sent <= 0 || !connections_hold(connections, place)) {
		return r;
	}
	int taken = receive_once(engine, fd, (uint32_t)sent, MSG_TRUNC);
	return connections_received(connections, place, taken);
}

static int send_banner(
	struct epoll_engine *engine, int fd, const struct connection_order *order, bool *ret_ready)
{
	int sent = send_once(fd, order->data, order->size);
	*ret_ready = sent == (int)order->size; /* data may have come: no event says so again */
	return connections_sent(&engine->base.connections, place_of(fd), sent);
}

/*
 * Does what there is to do with a connection, until it has to wait for an event. All that it is
 * watched for is reported once, so there is no other watch for output.
 */
static int go_on(struct server_engine *base, struct place place, bool ready)
{
	struct epoll_engine *engine = of(base);
	int fd = fd_of(place);
	int r = 0;
	for (unsigned i = 0; r == 0 && i < RECEIVES_MAX; i++) {
		const struct connection_order order =
			connections_order(&base->connections, place, ready);
		switch (order.act) {
		case ACT_NOTHING:
		case ACT_WATCH_INPUT:
		case ACT_WATCH_OUTPUT:
			return 0;
		case ACT_WATCH_END:
			return control(engine, EPOLL_CTL_MOD, fd, EPOLLET);
		case ACT_RECEIVE:
			r = receive(engine, fd, order.size, &ready);
			break;
		case ACT_ECHO:
			r = echo(engine, fd, order.size, &ready);
			break;
		case ACT_SEND:
			r = send_banner(engine, fd, &order, &ready);
			break;
		}
	}
	return r == 0 && connections_hold(&base->connections, place)
		? watch(engine, EPOLL_CTL_MOD, fd)
		: r;
}

/* Receives what has come first: closing a socket over unread data would send a RST. */
static int stop(struct server_engine *base, struct place place)
{
	struct epoll_engine *engine = of(base);
	int r = 0;
	bool ready = true;
	for (unsigned i = 0; i < RECEIVES_MAX; i++) {
		r = receive(engine, fd_of(place), 0, &ready);
		if (r < 0 || !ready || !connections_hold(&base->connections, place)) {
			return r;
		}
	}
	return watch(engine, EPOLL_CTL_MOD, fd_of(place));
}

static int take_fd(struct epoll_engine *engine, int fd, uint64_t now_ns)
{
	struct connections *connections = &engine->base.connections;
	const struct place place = place_of(fd);
	while (connections->blocks <= place.block) {
		int r = connections_add_block(connections);
		if (r < 0) {
			close(fd);
			return r;
		}
	}
	int r = connections_accepted(connections, place);
	if (r < 0 || !connections_hold(connections, place)) {
		return r;
	}
	engine->unwatched_fd = fd;
	r = watch_the_unwatched(engine, now_ns);
	return r < 0 ? r : go_on(&engine->base, place, false);
}

static int accept_some(struct epoll_engine *engine, uint64_t now_ns)
{
	struct server_engine *base = &engine->base;
	int r = 0;
	for (unsigned i = 0; r == 0 && is_asking(base) && i < ACCEPTS_MAX; i++) {
		int fd = accept4(base->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			r = take_fd(engine, fd, now_ns);
		} else if (errno == EAGAIN) {
			engine->may_have_queued = false;
			break;
		} else {
			r = server_engine_accept_failed(base, -errno, now_ns);
		}
		if (r == 0) {
			r = steer(base, now_ns);
		}
	}
	return r;
}

static int handle_signal(struct epoll_engine *engine)
{
	if (!signals_came(engine->signals)) {
		return 0;
	}
	engine->base.interrupted = true;
	/* The signals are released; we must not read those that come from here on. */
	return control(engine, EPOLL_CTL_DEL, engine->signal_fd, 0);
}

static int handle_event(struct epoll_engine *engine, const struct epoll_event *event)
{
	struct server_engine *base = &engine->base;
	int fd = event->data.fd;
	if (fd == base->listen_fd) {
		engine->may_have_queued = true;
		return 0;
	}
	if (fd == engine->signal_fd) {
		return handle_signal(engine);
	}
	bool over = (event->events & (EPOLLERR | EPOLLHUP)) != 0;
	const struct place place = place_of(fd);
	return go_on(base, place, over || !connections_are_silent(&base->connections, place));
}

static int explain(const struct server_engine *base, int code, struct error *error)
{
	(void)base;
	if (error->text[0] == '\0') {
		error_set(error, code, "the server cannot go on: %s", strerror(-code));
	}
	return code;
}

static int harvest(struct server_engine *base, uint64_t now_ns, struct error *error)
{
	struct epoll_engine *engine = of(base);
	int r = 0;
	for (int i = 0; r == 0 && i < engine->event_count; i++) {
		r = handle_event(engine, &engine->events[i]);
	}
	if (r == 0 && engine->may_have_queued) {
		r = accept_some(engine, now_ns);
	}
	return r < 0 ? explain(base, r, error) : 0;
}

static int half_close(struct server_engine *base, struct place place)
{
	(void)base;
	/* If the peer has reset the connection meanwhile, an event reports it. */
	shutdown(fd_of(place), SHUT_WR);
	return 0;
}

static int reorder(struct server_engine *base, struct place place)
{
	return go_on(base, place, false);
}

static void prepare_close(struct epoll_engine *engine, int fd, enum connection_close how)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	int dropped;
	switch (how) {
	case CLOSE_PLAIN:
	case CLOSE_ANSWERS_FIN:
		break;
	case CLOSE_DROPPING:
		for (unsigned i = 0; i < RECEIVES_MAX; i++) {
			dropped = receive_once(engine, fd, 0, MSG_TRUNC);
			if (dropped <= 0) {
				break;
			}
			connections_dropped(&engine->base.connections, (uint64_t)dropped);
		}
		break;
	case CLOSE_BY_RESET:
		connect(fd, &nobody, sizeof(nobody)); /* dissolves the association: a RST */
		break;
	}
}

static int close_place(struct server_engine *base, struct place place, enum connection_close how)
{
	struct epoll_engine *engine = of(base);
	int fd = fd_of(place);
	prepare_close(engine, fd, how);
	close(fd);
	if (engine->unwatched_fd == fd) {
		engine->unwatched_fd = -1;
	}
	connections_released(&base->connections, place);
	base->resume_ns = 0; /* accepting may go on if it had paused for lack of descriptors */
	return 0;
}

static void describe(struct place place, char text[CONNECTION_WORDS_MAX])
{
	snprintf(text, CONNECTION_WORDS_MAX, "descriptor %d", fd_of(place));
}

const struct server_engine_ops server_epoll_ops = {
	.connection =
		{
			.stop = stop,
			.half_close = half_close,
			.close = close_place,
			.reorder = reorder,
			.go_on = go_on,
			.describe = describe,
		},
	.create = create,
	.destroy = destroy,
	.steer = steer,
	.is_asking = is_asking,
	.wait = wait_for_events,
	.harvest = harvest,
	.explain = explain,
};

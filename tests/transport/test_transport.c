/* SPDX-License-Identifier: MIT */
/*
 * What include/tcpgoon/transport/transport.h promises, of each transport: which events come, and in
 * which order, of a few real connections over loopback. Usage: test_transport NAME.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/transport/transport.h"

static const struct transport_ops *const transports[] = {
	&transport_epoll,
	&transport_uring,
};

#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

#define SLOTS 8
#define EVENTS_MAX 64
#define PATIENCE_NS (5 * NSEC_PER_SEC)
/* How long nothing may come after the last event. */
#define QUIET_NS (10 * NSEC_PER_MSEC)
#define LONG_NS (3600 * NSEC_PER_SEC)
#define SKIPPED 77 /* for meson */

struct seen {
	struct transport_event event;
	bool has_icmp;
};

struct fixture {
	const struct transport_ops *ops;
	struct transport *transport;
	struct address target; /* where `listener` listens */
	int listener;
	struct seen seen[EVENTS_MAX]; /* but ANSWERED, which may come or not */
	unsigned count;
	unsigned checked; /* of these, by expect() */
	/* What the handler does besides, and returns; NULL: nothing, and 0. */
	int (*hook)(struct fixture *fixture, const struct transport_event *event);
};

static const struct transport_params params = {
	.slots = SLOTS,
	.nofile = 1024,
	.memlock = UINT64_MAX,
	.watch_fd = -1,
	.fin = true,
};

static struct slot slot_of(uint32_t number)
{
	return (struct slot){.number = number, .generation = (uint16_t)(100 + number)};
}

/* ---- Sockets ---------------------------------------------------------------------------------- */

static int plain_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	return fd;
}

/* Bound to a port of its own over loopback; *ret_address says which. */
static int bound_socket(struct address *ret_address)
{
	int fd = plain_socket();
	socklen_t length = sizeof(ret_address->v4);
	*ret_address = (struct address){
		.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
	};
	assert_int_equal(bind(fd, &ret_address->any, length), 0);
	assert_int_equal(getsockname(fd, &ret_address->any, &length), 0);
	return fd;
}

static int listening_socket(struct address *ret_address, int backlog)
{
	int fd = bound_socket(ret_address);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static int accepted(const struct fixture *fixture)
{
	int fd = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void reset(int fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
}

static void assert_fin_comes(int fd)
{
	char byte;
	const struct timeval patience = {.tv_sec = 5};
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	ssize_t n;
	do {
		n = recv(fd, &byte, 1, 0);
	} while (n < 0 && errno == EINTR); /* the end of a ring interrupts */
	assert_int_equal(n, 0);
}

/* ---- The transport ---------------------------------------------------------------------------- */

static int note_event(void *context, const struct transport_event *event)
{
	struct fixture *fixture = context;
	if (event->kind != TRANSPORT_ANSWERED) {
		assert_true(fixture->count < EVENTS_MAX);
		struct seen *seen = &fixture->seen[fixture->count++];
		*seen = (struct seen){.event = *event, .has_icmp = event->icmp != NULL};
		seen->event.icmp = NULL; /* it is gone when the handler returns */
	}
	return fixture->hook != NULL ? fixture->hook(fixture, event) : 0;
}

static int turn(struct fixture *fixture, uint64_t left_ns)
{
	struct error error = ERROR_INIT;
	uint64_t now_ns = clock_now_ns();
	assert_int_equal(
		fixture->ops->wait(fixture->transport, now_ns, now_ns + left_ns, &error), 0);
	return fixture->ops->harvest(fixture->transport, clock_now_ns(), note_event, fixture);
}

/* Turns until there are `count` events in all. */
static void wait_for(struct fixture *fixture, unsigned count)
{
	uint64_t until_ns = clock_now_ns() + PATIENCE_NS;
	while (fixture->count < count && clock_now_ns() < until_ns) {
		assert_int_equal(turn(fixture, 50 * NSEC_PER_MSEC), 0);
	}
}

static void assert_quiet(struct fixture *fixture)
{
	unsigned before = fixture->count;
	uint64_t until_ns = clock_now_ns() + QUIET_NS;
	while (clock_now_ns() < until_ns) {
		assert_int_equal(turn(fixture, QUIET_NS), 0);
	}
	assert_int_equal(fixture->count, before);
}

struct expected {
	enum transport_event_kind kind;
	uint32_t number;
	int error_number;
};

static void check(const struct fixture *fixture, unsigned at, const struct expected *expected)
{
	const struct transport_event *event = &fixture->seen[at].event;
	assert_int_equal(event->kind, expected->kind);
	assert_int_equal(event->slot.number, expected->number);
	assert_int_equal(event->slot.generation, slot_of(expected->number).generation);
	assert_int_equal(event->error_number, expected->error_number);
	assert_true(event->at_ns > 0 && event->at_ns <= clock_now_ns());
}

/* These come next, in this order. */
static void expect_some(struct fixture *fixture, const struct expected *expected, unsigned count)
{
	wait_for(fixture, fixture->checked + count);
	assert_true(fixture->count >= fixture->checked + count);
	for (unsigned i = 0; i < count; i++) {
		check(fixture, fixture->checked + i, &expected[i]);
	}
	fixture->checked += count;
}

#define EXPECT_SOME(fixture, ...)                                    \
	expect_some(fixture, (const struct expected[]){__VA_ARGS__}, \
		sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

/* These come next, and nothing after them. */
#define EXPECT(fixture, ...)                       \
	do {                                       \
		EXPECT_SOME(fixture, __VA_ARGS__); \
		assert_quiet(fixture);             \
	} while (0)

static void place_fd(struct fixture *fixture, uint32_t number, int fd)
{
	assert_int_equal(fixture->ops->place(fixture->transport, number, &fd, 1), 0);
}

static void place(struct fixture *fixture, uint32_t number)
{
	int fd = socket(
		AF_INET, SOCK_STREAM | SOCK_CLOEXEC | fixture->ops->socket_flags, IPPROTO_TCP);
	assert_true(fd >= 0);
	place_fd(fixture, number, fd);
}

static void dial_target(struct fixture *fixture, uint32_t number, const struct address *target)
{
	place(fixture, number);
	assert_int_equal(fixture->ops->dial(fixture->transport, slot_of(number), target, 0), 0);
}

static void dial_at(struct fixture *fixture, uint32_t number, uint64_t due_ns)
{
	place(fixture, number);
	assert_int_equal(
		fixture->ops->dial(fixture->transport, slot_of(number), &fixture->target, due_ns),
		0);
}

/* Dials the listener; returns the other end. */
static int connect_slot(struct fixture *fixture, uint32_t number)
{
	dial_target(fixture, number, &fixture->target);
	EXPECT_SOME(fixture, {TRANSPORT_CONNECTED, number, 0});
	return accepted(fixture);
}

static void stop(struct fixture *fixture, uint32_t number)
{
	assert_int_equal(fixture->ops->stop(fixture->transport, slot_of(number)), 0);
}

static void give_up(struct fixture *fixture, uint32_t number)
{
	assert_int_equal(fixture->ops->give_up(fixture->transport, slot_of(number)), 0);
}

static void close_slot(struct fixture *fixture, uint32_t number)
{
	assert_int_equal(fixture->ops->close(fixture->transport, slot_of(number), false), 0);
}

/* What is queued is handed over, and what comes of it is not harvested yet. */
static void hand_over(struct fixture *fixture)
{
	struct error error = ERROR_INIT;
	uint64_t now_ns = clock_now_ns();
	assert_int_equal(fixture->ops->wait(fixture->transport, now_ns, now_ns, &error), 0);
}

static int begin(void **state)
{
	struct fixture *fixture = *state;
	const struct transport_ops *ops = fixture->ops;
	struct error error = ERROR_INIT;
	*fixture = (struct fixture){.ops = ops};
	if (ops->create(&params, &fixture->transport, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	fixture->listener = listening_socket(&fixture->target, SLOTS);
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	transport_destroy(fixture->transport);
	close(fixture->listener);
	return 0;
}

/* ---- Dials ------------------------------------------------------------------------------------ */

static void a_connection_is_dialled_stopped_and_closed(void **state)
{
	struct fixture *fixture = *state;
	dial_target(fixture, 3, &fixture->target);
	EXPECT(fixture, {TRANSPORT_CONNECTED, 3, 0});
	int peer = accepted(fixture);
	stop(fixture, 3);
	EXPECT(fixture, {TRANSPORT_IDLE, 3, 0});
	close_slot(fixture, 3);
	EXPECT(fixture, {TRANSPORT_RELEASED, 3, 0});
	assert_fin_comes(peer);
	close(peer);
}

static void a_refused_dial_fails(void **state)
{
	struct fixture *fixture = *state;
	struct address nobody;
	int bound = bound_socket(&nobody);
	dial_target(fixture, 0, &nobody);
	EXPECT(fixture, {TRANSPORT_FAILED, 0, ECONNREFUSED}, {TRANSPORT_IDLE, 0, 0});
	assert_false(fixture->seen[0].has_icmp);
	stop(fixture, 0); /* it is idle already */
	assert_quiet(fixture);
	close_slot(fixture, 0);
	EXPECT(fixture, {TRANSPORT_RELEASED, 0, 0});
	close(bound);
}

/* No socket of IPv4 is connected to it. */
static const struct address other_family = {
	.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = 1},
};

/* Whatever connect says at once. */
static void a_dial_that_fails_at_once_is_told_by_the_harvest(void **state)
{
	struct fixture *fixture = *state;
	dial_target(fixture, 0, &other_family);
	dial_target(fixture, 1, &fixture->target);
	wait_for(fixture, 3);
	assert_quiet(fixture);
	assert_int_equal(fixture->count, 3);
	unsigned failed = fixture->seen[0].event.kind == TRANSPORT_CONNECTED ? 1 : 0;
	check(fixture, failed, &(const struct expected){TRANSPORT_FAILED, 0, EAFNOSUPPORT});
}

static void an_idle_slot_is_dialled_again_with_another_socket(void **state)
{
	struct fixture *fixture = *state;
	struct address nobody;
	int bound = bound_socket(&nobody);
	dial_target(fixture, 0, &nobody);
	EXPECT(fixture, {TRANSPORT_FAILED, 0, ECONNREFUSED}, {TRANSPORT_IDLE, 0, 0});
	int peer = connect_slot(fixture, 0);
	assert_quiet(fixture);
	close(bound);
	close(peer);
}

static void the_socket_that_is_replaced_is_closed(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	stop(fixture, 0);
	EXPECT(fixture, {TRANSPORT_IDLE, 0, 0});
	place(fixture, 0);
	assert_fin_comes(peer);
	close(peer);
}

/* Nothing of it was ever in flight. */
static void a_socket_that_was_never_dialled_is_closed(void **state)
{
	struct fixture *fixture = *state;
	place(fixture, 0);
	stop(fixture, 0);
	close_slot(fixture, 0);
	EXPECT(fixture, {TRANSPORT_RELEASED, 0, 0});
	stop(fixture, 0);
	assert_quiet(fixture);
}

static void several_sockets_are_placed_with_gaps(void **state)
{
	struct fixture *fixture = *state;
	int first = socket(AF_INET, SOCK_STREAM | fixture->ops->socket_flags, 0);
	int second = socket(AF_INET, SOCK_STREAM | fixture->ops->socket_flags, 0);
	const int fds[] = {first, -1, second};
	assert_true(fixture->ops->room(fixture->transport, 2) >= 3);
	assert_int_equal(fixture->ops->place(fixture->transport, 2, fds, 3), 0);
	for (uint32_t number = 2; number <= 4; number += 2) {
		assert_int_equal(fixture->ops->dial(
					 fixture->transport, slot_of(number), &fixture->target, 0),
			0);
		EXPECT(fixture, {TRANSPORT_CONNECTED, number, 0});
	}
}

/* ---- Instants --------------------------------------------------------------------------------- */

static void a_dial_begins_at_its_instant(void **state)
{
	struct fixture *fixture = *state;
	uint64_t due_ns = clock_now_ns() + 20 * NSEC_PER_MSEC;
	dial_at(fixture, 0, due_ns);
	EXPECT(fixture, {TRANSPORT_STARTED, 0, 0}, {TRANSPORT_CONNECTED, 0, 0});
	const struct transport_event *started = &fixture->seen[0].event;
	assert_true(started->at_ns >= due_ns);
	assert_true(started->since_ns <= started->at_ns);
	assert_true(fixture->seen[1].event.at_ns >= started->since_ns);
}

static void dials_begin_in_the_order_of_their_instants(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now_ns = clock_now_ns();
	dial_at(fixture, 0, now_ns + 30 * NSEC_PER_MSEC);
	dial_at(fixture, 1, now_ns + 10 * NSEC_PER_MSEC);
	dial_at(fixture, 2, now_ns + 50 * NSEC_PER_MSEC);
	EXPECT(fixture, {TRANSPORT_STARTED, 1, 0}, {TRANSPORT_CONNECTED, 1, 0},
		{TRANSPORT_STARTED, 0, 0}, {TRANSPORT_CONNECTED, 0, 0}, {TRANSPORT_STARTED, 2, 0},
		{TRANSPORT_CONNECTED, 2, 0});
}

static void dials_that_are_overdue_all_begin(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now_ns = clock_now_ns();
	for (uint32_t i = 0; i < SLOTS; i++) {
		dial_at(fixture, i, now_ns);
	}
	wait_for(fixture, 2 * SLOTS);
	assert_quiet(fixture);
	bool started[SLOTS] = {false};
	for (unsigned i = 0; i < 2 * SLOTS; i++) {
		const struct transport_event *event = &fixture->seen[i].event;
		assert_int_equal(event->kind,
			started[event->slot.number] ? TRANSPORT_CONNECTED : TRANSPORT_STARTED);
		started[event->slot.number] = true;
	}
}

static void a_disarmed_dial_never_begins(void **state)
{
	struct fixture *fixture = *state;
	dial_at(fixture, 0, clock_now_ns() + LONG_NS);
	hand_over(fixture);
	assert_int_equal(fixture->ops->disarm(fixture->transport, slot_of(0)), 0);
	EXPECT(fixture, {TRANSPORT_IDLE, 0, 0});
	/* What is armed anew in the slot is another dial. */
	dial_at(fixture, 0, clock_now_ns() + 10 * NSEC_PER_MSEC);
	EXPECT(fixture, {TRANSPORT_STARTED, 0, 0}, {TRANSPORT_CONNECTED, 0, 0});
}

/* Also where the one before still waits behind another that is due sooner. */
static void the_dial_before_does_not_begin_the_one_after(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now_ns = clock_now_ns();
	dial_at(fixture, 1, now_ns + 20 * NSEC_PER_MSEC);
	dial_at(fixture, 0, now_ns + 30 * NSEC_PER_MSEC);
	hand_over(fixture);
	assert_int_equal(fixture->ops->disarm(fixture->transport, slot_of(0)), 0);
	EXPECT_SOME(fixture, {TRANSPORT_IDLE, 0, 0});
	dial_at(fixture, 0, clock_now_ns() + LONG_NS);
	EXPECT_SOME(fixture, {TRANSPORT_STARTED, 1, 0}, {TRANSPORT_CONNECTED, 1, 0});
	while (clock_now_ns() < now_ns + 50 * NSEC_PER_MSEC) {
		assert_quiet(fixture);
	}
}

static void a_dial_that_has_begun_is_not_disarmed(void **state)
{
	struct fixture *fixture = *state;
	dial_at(fixture, 0, clock_now_ns());
	EXPECT_SOME(fixture, {TRANSPORT_STARTED, 0, 0});
	assert_int_equal(fixture->ops->disarm(fixture->transport, slot_of(0)), 0);
	EXPECT(fixture, {TRANSPORT_CONNECTED, 0, 0});
	assert_int_equal(fixture->ops->disarm(fixture->transport, slot_of(0)), 0);
	assert_quiet(fixture);
}

static void an_armed_dial_is_stopped(void **state)
{
	struct fixture *fixture = *state;
	dial_at(fixture, 0, clock_now_ns() + LONG_NS);
	hand_over(fixture);
	stop(fixture, 0);
	EXPECT(fixture, {TRANSPORT_IDLE, 0, 0});
}

/* ---- Dials without an answer ------------------------------------------------------------------ */

/* A listener whose queue is full, so that it drops a SYN. */
struct full {
	struct address address;
	int listener;
	int inside[2];
};

static void fill(struct full *full)
{
	full->listener = listening_socket(&full->address, 0);
	full->inside[0] = plain_socket();
	assert_int_equal(connect(full->inside[0], &full->address.any, sizeof(full->address.v4)), 0);
	/* Older kernels let one more SYN in while the queue is full. */
	full->inside[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(full->inside[1] >= 0);
	assert_int_equal(
		connect(full->inside[1], &full->address.any, sizeof(full->address.v4)), -1);
}

static void drain(struct full *full)
{
	close(full->inside[0]);
	close(full->inside[1]);
	close(full->listener);
}

static void an_unanswered_dial_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct full full;
	fill(&full);
	dial_target(fixture, 0, &full.address);
	assert_quiet(fixture);
	give_up(fixture, 0);
	EXPECT(fixture, {TRANSPORT_FAILED, 0, ECANCELED}, {TRANSPORT_IDLE, 0, 0});
	assert_false(fixture->seen[0].has_icmp);
	give_up(fixture, 0);
	assert_quiet(fixture);
	close_slot(fixture, 0);
	EXPECT(fixture, {TRANSPORT_RELEASED, 0, 0});
	drain(&full);
}

static void an_unanswered_dial_is_stopped_without_a_word(void **state)
{
	struct fixture *fixture = *state;
	struct full full;
	fill(&full);
	dial_target(fixture, 0, &full.address);
	assert_quiet(fixture);
	stop(fixture, 0);
	stop(fixture, 0);
	EXPECT(fixture, {TRANSPORT_IDLE, 0, 0});
	drain(&full);
}

static void an_answer_that_is_there_is_not_given_up(void **state)
{
	struct fixture *fixture = *state;
	dial_target(fixture, 0, &fixture->target);
	hand_over(fixture);
	int peer = accepted(fixture);
	give_up(fixture, 0);
	EXPECT(fixture, {TRANSPORT_CONNECTED, 0, 0});
	give_up(fixture, 0);
	assert_quiet(fixture);
	close(peer);
}

static void a_refusal_that_is_there_is_not_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct address nobody;
	int bound = bound_socket(&nobody);
	dial_target(fixture, 0, &nobody);
	hand_over(fixture);
	give_up(fixture, 0);
	EXPECT(fixture, {TRANSPORT_FAILED, 0, ECONNREFUSED}, {TRANSPORT_IDLE, 0, 0});
	close(bound);
}

/* ---- What the peer does ----------------------------------------------------------------------- */

static void a_fin_ends_a_connection(void **state)
{
	struct fixture *fixture = *state;
	close(connect_slot(fixture, 0));
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
	close_slot(fixture, 0);
	EXPECT(fixture, {TRANSPORT_RELEASED, 0, 0});
}

/* Both are seen in one turn: they were open at the same time, for all that is known. */
static void an_answer_comes_before_the_end_of_another(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	close(peer);
	dial_target(fixture, 1, &fixture->target);
	EXPECT(fixture, {TRANSPORT_CONNECTED, 1, 0}, {TRANSPORT_ENDED, 0, 0},
		{TRANSPORT_IDLE, 0, 0});
}

static void a_reset_ends_a_connection(void **state)
{
	struct fixture *fixture = *state;
	reset(connect_slot(fixture, 0));
	EXPECT(fixture, {TRANSPORT_ENDED, 0, ECONNRESET}, {TRANSPORT_IDLE, 0, 0});
}

static void data_are_received_before_the_fin(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	assert_int_equal(send(peer, "tcp", 3, 0), 3);
	close(peer);
	EXPECT(fixture, {TRANSPORT_RECEIVED, 0, 0}, {TRANSPORT_ENDED, 0, 0},
		{TRANSPORT_IDLE, 0, 0});
}

static void each_arrival_of_data_is_told(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(send(peer, "tcp", 3, 0), 3);
		EXPECT(fixture, {TRANSPORT_RECEIVED, 0, 0});
	}
	close(peer);
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
}

/* More than the socket's buffer takes: the peer could not send it all if it were kept. */
static void data_are_dropped(void **state)
{
	struct fixture *fixture = *state;
	static const char data[1 << 16];
	int peer = connect_slot(fixture, 0);
	size_t left = 1 << 24;
	while (left > 0) {
		ssize_t sent = send(peer, data, sizeof(data), MSG_DONTWAIT);
		left -= sent > 0 ? (size_t)sent : 0;
		assert_int_equal(turn(fixture, NSEC_PER_MSEC), 0);
		fixture->count = fixture->checked; /* how often it is told depends on the kernel */
	}
	close(peer);
	wait_for(fixture, fixture->checked + 2);
	while (fixture->seen[fixture->checked].event.kind == TRANSPORT_RECEIVED) {
		fixture->checked++;
	}
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
}

static void a_fin_that_comes_with_the_answer_is_told_after_it(void **state)
{
	struct fixture *fixture = *state;
	dial_target(fixture, 0, &fixture->target);
	hand_over(fixture);
	close(accepted(fixture));
	EXPECT(fixture, {TRANSPORT_CONNECTED, 0, 0}, {TRANSPORT_ENDED, 0, 0},
		{TRANSPORT_IDLE, 0, 0});
}

static void a_reset_that_comes_with_the_answer_is_told_after_it(void **state)
{
	struct fixture *fixture = *state;
	dial_target(fixture, 0, &fixture->target);
	hand_over(fixture);
	reset(accepted(fixture));
	EXPECT(fixture, {TRANSPORT_CONNECTED, 0, 0}, {TRANSPORT_ENDED, 0, ECONNRESET},
		{TRANSPORT_IDLE, 0, 0});
}

static void a_reset_after_the_fin_is_no_second_end(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
	reset(peer);
	assert_quiet(fixture);
}

/* ---- What we do ------------------------------------------------------------------------------- */

static void a_half_closed_connection_is_watched_on(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	assert_int_equal(fixture->ops->half_close(fixture->transport, slot_of(0)), 0);
	assert_quiet(fixture);
	assert_fin_comes(peer);
	assert_int_equal(send(peer, "tcp", 3, 0), 3);
	EXPECT(fixture, {TRANSPORT_RECEIVED, 0, 0});
	close(peer);
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
}

static void nothing_comes_of_a_stopped_connection(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	stop(fixture, 0);
	EXPECT(fixture, {TRANSPORT_IDLE, 0, 0});
	assert_int_equal(send(peer, "tcp", 3, 0), 3);
	close(peer);
	assert_quiet(fixture);
}

static int stop_what_receives(struct fixture *fixture, const struct transport_event *event)
{
	if (event->kind == TRANSPORT_RECEIVED) {
		stop(fixture, event->slot.number);
	}
	return 0;
}

static void a_connection_may_be_stopped_by_the_handler_of_its_data(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	fixture->hook = stop_what_receives;
	assert_int_equal(send(peer, "tcp", 3, 0), 3);
	close(peer);
	EXPECT(fixture, {TRANSPORT_RECEIVED, 0, 0}, {TRANSPORT_IDLE, 0, 0});
}

static int close_what_is_idle(struct fixture *fixture, const struct transport_event *event)
{
	if (event->kind == TRANSPORT_IDLE) {
		close_slot(fixture, event->slot.number);
	}
	return 0;
}

static void a_slot_may_be_closed_by_the_handler_of_its_idleness(void **state)
{
	struct fixture *fixture = *state;
	fixture->hook = close_what_is_idle;
	close(connect_slot(fixture, 0));
	EXPECT(fixture, {TRANSPORT_ENDED, 0, 0}, {TRANSPORT_IDLE, 0, 0},
		{TRANSPORT_RELEASED, 0, 0});
	int peer = connect_slot(fixture, 0);
	assert_quiet(fixture);
	close(peer);
}

static const struct slot second_use = {.number = 0, .generation = 777};

static int dial_again(struct fixture *fixture, const struct transport_event *event)
{
	if (event->kind == TRANSPORT_IDLE && event->slot.generation != second_use.generation) {
		place(fixture, 0);
		return fixture->ops->dial(fixture->transport, second_use, &fixture->target, 0);
	}
	return 0;
}

/* The end of the first use is known to the kernel before the second begins, and harvested after. */
static void what_came_of_the_use_before_is_not_taken_for_this_one(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	reset(peer);
	hand_over(fixture);
	stop(fixture, 0);
	fixture->hook = dial_again;
	wait_for(fixture, fixture->checked + 2);
	/* Where the end was taken before the stop, it is told. */
	if (fixture->seen[fixture->checked].event.kind == TRANSPORT_ENDED) {
		EXPECT_SOME(fixture, {TRANSPORT_ENDED, 0, ECONNRESET});
	}
	EXPECT_SOME(fixture, {TRANSPORT_IDLE, 0, 0});
	wait_for(fixture, fixture->checked + 1);
	assert_quiet(fixture);
	assert_int_equal(fixture->count, fixture->checked + 1);
	const struct transport_event *last = &fixture->seen[fixture->checked].event;
	assert_int_equal(last->kind, TRANSPORT_CONNECTED);
	assert_int_equal(last->slot.generation, second_use.generation);
}

static int dial_in_vain(struct fixture *fixture, const struct transport_event *event)
{
	if (event->kind == TRANSPORT_IDLE && fixture->count < EVENTS_MAX / 2) {
		dial_target(fixture, event->slot.number, &other_family);
	}
	return 0;
}

static void what_a_handler_begins_comes_with_another_harvest(void **state)
{
	struct fixture *fixture = *state;
	fixture->hook = dial_in_vain;
	dial_target(fixture, 0, &other_family);
	for (unsigned i = 1; i < 4; i++) {
		unsigned before = fixture->count;
		assert_int_equal(turn(fixture, NSEC_PER_MSEC), 0);
		assert_true(fixture->count <= before + 2); /* FAILED and IDLE of one dial */
	}
	wait_for(fixture, EVENTS_MAX / 2);
	assert_quiet(fixture);
	for (unsigned i = 0; i < EVENTS_MAX / 2; i++) {
		check(fixture, i,
			i % 2 == 0 ? &(const struct expected){TRANSPORT_FAILED, 0, EAFNOSUPPORT}
				   : &(const struct expected){TRANSPORT_IDLE, 0, 0});
	}
}

static int fail_once(struct fixture *fixture, const struct transport_event *event)
{
	fixture->hook = NULL;
	return event->kind == TRANSPORT_RECEIVED ? -EIO : 0;
}

static void a_handler_ends_the_harvest_and_the_rest_comes_next(void **state)
{
	struct fixture *fixture = *state;
	int first = connect_slot(fixture, 0);
	int second = connect_slot(fixture, 1);
	assert_int_equal(send(first, "tcp", 3, 0), 3);
	assert_int_equal(send(second, "tcp", 3, 0), 3);
	hand_over(fixture);
	fixture->hook = fail_once;
	int r = 0;
	for (unsigned i = 0; r == 0 && i < 100; i++) {
		r = turn(fixture, NSEC_PER_MSEC);
	}
	assert_int_equal(r, -EIO);
	wait_for(fixture, fixture->checked + 2);
	assert_int_equal(fixture->count, fixture->checked + 2);
	assert_int_equal(fixture->seen[fixture->checked].event.kind, TRANSPORT_RECEIVED);
	assert_int_equal(fixture->seen[fixture->checked + 1].event.kind, TRANSPORT_RECEIVED);
	close(first);
	close(second);
}

static void destroy_closes_what_is_open(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, SLOTS - 1);
	transport_destroy(fixture->transport);
	fixture->transport = NULL;
	assert_fin_comes(peer);
	close(peer);
}

/* ---- Waiting ---------------------------------------------------------------------------------- */

static void a_descriptor_is_ready_once_for_each_time_it_is_watched(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];
	char byte;
	assert_int_equal(pipe(ends), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fixture->ops->watch_fd(fixture->transport, ends[0], 42), 0);
		assert_quiet(fixture);
		assert_int_equal(write(ends[1], "x", 1), 1);
		wait_for(fixture, fixture->checked + 1);
		assert_int_equal(read(ends[0], &byte, 1), 1);
		assert_int_equal(write(ends[1], "x", 1), 1);
		assert_quiet(fixture); /* it is not watched any more */
		assert_int_equal(read(ends[0], &byte, 1), 1);
		assert_int_equal(fixture->seen[fixture->checked].event.kind, TRANSPORT_READY);
		assert_int_equal(fixture->seen[fixture->checked].event.slot.number, 42);
		fixture->checked++;
	}
	close(ends[0]);
	close(ends[1]);
}

static void a_file_can_always_be_read(void **state)
{
	struct fixture *fixture = *state;
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(fixture->ops->watch_fd(fixture->transport, fileno(file), 7), 0);
	wait_for(fixture, 1);
	assert_quiet(fixture);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->seen[0].event.kind, TRANSPORT_READY);
	assert_int_equal(fixture->seen[0].event.slot.number, 7);
	fclose(file);
}

static void a_wait_ends_at_its_instant(void **state)
{
	struct fixture *fixture = *state;
	struct error error = ERROR_INIT;
	uint64_t now_ns = clock_now_ns();
	uint64_t until_ns = now_ns + 5 * NSEC_PER_MSEC;
	assert_int_equal(fixture->ops->wait(fixture->transport, now_ns, until_ns, &error), 0);
	assert_true(clock_now_ns() >= until_ns);
	/* And a dial that is due later does not end it. */
	dial_at(fixture, 0, clock_now_ns() + LONG_NS);
	now_ns = clock_now_ns();
	until_ns = now_ns + 5 * NSEC_PER_MSEC;
	assert_int_equal(fixture->ops->wait(fixture->transport, now_ns, until_ns, &error), 0);
	assert_true(clock_now_ns() >= until_ns);
	assert_true(clock_now_ns() < until_ns + LONG_NS / 2);
}

static void there_is_work_while_an_event_waits(void **state)
{
	struct fixture *fixture = *state;
	int peer = connect_slot(fixture, 0);
	assert_quiet(fixture);
	assert_false(fixture->ops->has_work(fixture->transport));
	assert_int_equal(send(peer, "tcp", 3, 0), 3);
	uint64_t until_ns = clock_now_ns() + PATIENCE_NS;
	while (!fixture->ops->has_work(fixture->transport) && clock_now_ns() < until_ns) {
	}
	assert_true(fixture->ops->has_work(fixture->transport));
	EXPECT(fixture, {TRANSPORT_RECEIVED, 0, 0});
	assert_false(fixture->ops->has_work(fixture->transport));
	close(peer);
}

/* ----------------------------------------------------------------------------------------------- */

static const struct transport_ops *find_transport(const char *name)
{
	for (size_t i = 0; i < TRANSPORTS; i++) {
		if (strcmp(transports[i]->name, name) == 0) {
			return transports[i];
		}
	}
	return NULL;
}

#define CASE(function) cmocka_unit_test_prestate_setup_teardown(function, begin, end, &fixture)

int main(int argc, char **argv)
{
	static struct fixture fixture;
	fixture.ops = argc == 2 ? find_transport(argv[1]) : NULL;
	if (fixture.ops == NULL) {
		fprintf(stderr, "usage: %s NAME of a transport\n", argv[0]);
		return 2;
	}
	struct error error = ERROR_INIT;
	if (fixture.ops->try_out(&params, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return SKIPPED;
	}
	const struct CMUnitTest tests[] = {
		CASE(a_connection_is_dialled_stopped_and_closed),
		CASE(a_refused_dial_fails),
		CASE(a_dial_that_fails_at_once_is_told_by_the_harvest),
		CASE(an_idle_slot_is_dialled_again_with_another_socket),
		CASE(the_socket_that_is_replaced_is_closed),
		CASE(a_socket_that_was_never_dialled_is_closed),
		CASE(several_sockets_are_placed_with_gaps),
		CASE(a_dial_begins_at_its_instant),
		CASE(dials_begin_in_the_order_of_their_instants),
		CASE(dials_that_are_overdue_all_begin),
		CASE(a_disarmed_dial_never_begins),
		CASE(the_dial_before_does_not_begin_the_one_after),
		CASE(a_dial_that_has_begun_is_not_disarmed),
		CASE(an_armed_dial_is_stopped),
		CASE(an_unanswered_dial_is_given_up),
		CASE(an_unanswered_dial_is_stopped_without_a_word),
		CASE(an_answer_that_is_there_is_not_given_up),
		CASE(a_refusal_that_is_there_is_not_given_up),
		CASE(a_fin_ends_a_connection),
		CASE(an_answer_comes_before_the_end_of_another),
		CASE(a_reset_ends_a_connection),
		CASE(data_are_received_before_the_fin),
		CASE(each_arrival_of_data_is_told),
		CASE(data_are_dropped),
		CASE(a_fin_that_comes_with_the_answer_is_told_after_it),
		CASE(a_reset_that_comes_with_the_answer_is_told_after_it),
		CASE(a_reset_after_the_fin_is_no_second_end),
		CASE(a_half_closed_connection_is_watched_on),
		CASE(nothing_comes_of_a_stopped_connection),
		CASE(a_connection_may_be_stopped_by_the_handler_of_its_data),
		CASE(a_slot_may_be_closed_by_the_handler_of_its_idleness),
		CASE(what_came_of_the_use_before_is_not_taken_for_this_one),
		CASE(what_a_handler_begins_comes_with_another_harvest),
		CASE(a_handler_ends_the_harvest_and_the_rest_comes_next),
		CASE(destroy_closes_what_is_open),
		CASE(a_descriptor_is_ready_once_for_each_time_it_is_watched),
		CASE(a_file_can_always_be_read),
		CASE(a_wait_ends_at_its_instant),
		CASE(there_is_work_while_an_event_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

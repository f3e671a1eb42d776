/* SPDX-License-Identifier: MIT */
/*
 * The classic client, as good as it can be: connect without blocking, one epoll_ctl for each
 * connection (edge-triggered, for its connect and for all that it will ever receive), events taken
 * by the hundred, a byte of state for each connection, and no timer: it ends when no connect in
 * flight is decided for a while.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client.h"
#include "tcpgoon/net/limits.h"

/* Connects in flight at once, and events taken in one go. */
#define WINDOW 256

/* It ends if no connect in flight is decided for this long, the dial timeout of tcpgoon. */
#define SILENCE_MS 5000

enum state {
	STATE_FREE,
	STATE_CONNECTING,
	STATE_ESTABLISHED,
};

struct classic {
	int epoll_fd;
	uint8_t *states; /* enum state, by descriptor */
	unsigned in_flight;
	struct outcome *outcome;
};

static void drop(struct classic *classic, int fd)
{
	classic->states[fd] = STATE_FREE;
	close(fd);
}

/* Begins one connect. False if the next one would not get further either. */
static bool begin_connect(struct classic *classic, const struct tuple *tuple)
{
	int fd = client_bound_socket(tuple, SOCK_STREAM | SOCK_NONBLOCK, classic->outcome);
	if (fd < 0) {
		return false;
	}
	if (connect(fd, &tuple->target->any, address_length(tuple->target)) < 0 &&
		errno != EINPROGRESS) {
		client_stopped(classic->outcome, "connect", errno);
		close(fd);
		return false;
	}
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.fd = fd,
	};
	if (epoll_ctl(classic->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		client_stopped(classic->outcome, "epoll_ctl", errno);
		close(fd);
		return false;
	}
	classic->states[fd] = STATE_CONNECTING;
	classic->in_flight++;
	return true;
}

static void end_connect(struct classic *classic, int fd)
{
	int error_number = 0;
	socklen_t length = sizeof(error_number);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &length) < 0) {
		error_number = errno;
	}
	classic->in_flight--;
	if (error_number != 0) {
		client_stopped(classic->outcome, "connect", error_number);
		drop(classic, fd);
		return;
	}
	classic->states[fd] = STATE_ESTABLISHED;
	classic->outcome->established++;
}

/* Edge-triggered: reads until there is nothing more. */
static void take_input(struct classic *classic, int fd)
{
	char bytes[4096];
	ssize_t n;
	do {
		n = read(fd, bytes, sizeof(bytes));
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n == 0 || errno != EAGAIN) {
		drop(classic, fd);
	}
}

static void handle_event(struct classic *classic, const struct epoll_event *event)
{
	int fd = event->data.fd;
	if (classic->states[fd] == STATE_CONNECTING) {
		end_connect(classic, fd);
	}
	if (classic->states[fd] == STATE_ESTABLISHED &&
		(event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
		take_input(classic, fd);
	}
}

/* Waits for events and handles them. False where none came. */
static bool handle_events(struct classic *classic)
{
	struct epoll_event events[WINDOW];
	int count = epoll_wait(classic->epoll_fd, events, WINDOW, SILENCE_MS);
	if (count < 0 && errno != EINTR) {
		client_stopped(classic->outcome, "epoll_wait", errno);
		return false;
	}
	for (int i = 0; i < count; i++) {
		handle_event(classic, &events[i]);
	}
	return count != 0;
}

static bool prepare(struct classic *classic, struct outcome *outcome)
{
	classic->outcome = outcome;
	classic->states = calloc(limits_raise_nofile(), sizeof(*classic->states));
	if (classic->states == NULL) {
		client_stopped(outcome, "calloc", ENOMEM);
		return false;
	}
	classic->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (classic->epoll_fd < 0) {
		client_stopped(outcome, "epoll_create1", errno);
		return false;
	}
	return true;
}

static void dial(void *context, const struct share *share, struct outcome *outcome)
{
	struct classic *classic = context;
	uint64_t next = 0;
	uint64_t end = prepare(classic, outcome) ? share->count : 0;
	while (next < end || classic->in_flight > 0) {
		while (next < end && classic->in_flight < WINDOW) {
			struct tuple tuple = tuples_at(share->tuples, share->first + next);
			if (begin_connect(classic, &tuple)) {
				next++;
			} else {
				end = next; /* begin no more; decide those in flight */
			}
		}
		if (classic->in_flight > 0 && !handle_events(classic)) {
			client_stopped(outcome, "connect", ETIMEDOUT);
			return;
		}
	}
}

/* Watches one more descriptor: when it ends, the client ends. */
static void hold(void *context, int control_fd)
{
	struct classic *classic = context;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = control_fd};
	if (classic->epoll_fd < 0 ||
		epoll_ctl(classic->epoll_fd, EPOLL_CTL_ADD, control_fd, &event) < 0) {
		return;
	}
	for (;;) {
		struct epoll_event events[WINDOW];
		int count = epoll_wait(classic->epoll_fd, events, WINDOW, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == control_fd) {
				return;
			}
			handle_event(classic, &events[i]);
		}
	}
}

int main(int argc, char **argv)
{
	struct classic classic = {.epoll_fd = -1};
	const struct client client = {
		.name = "epoll",
		.context = &classic,
		.dial = dial,
		.hold = hold,
	};
	int status = client_main(&client, argc, argv);
	free(classic.states);
	return status;
}

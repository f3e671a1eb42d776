/* SPDX-License-Identifier: MIT */
/*
 * How connections reach the kernel: a transport dials, watches and closes the socket in each slot,
 * and reports what becomes of it as events. There is one table of functions for each way to do
 * that: io_uring, epoll, and a scripted one in the tests.
 *
 * The life of a slot, with its events in order:
 *
 *   place, dial   [STARTED]  [ANSWERED]  CONNECTED  RECEIVED ...  [ENDED]  IDLE   close  RELEASED
 *                                        FAILED                            IDLE
 *
 * STARTED comes only for a dial with an instant. ANSWERED may be missing. ENDED comes if the
 * connection ends by itself, and IDLE when nothing of the slot is in flight: only then may the slot
 * be closed, or be given another socket and be dialled again.
 */
#ifndef TCPGOON_TRANSPORT_TRANSPORT_H
#define TCPGOON_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"

/* The most sockets that one call places. */
#define TRANSPORT_PLACE_MAX 64

/* A slot and which use of it: events carry both, so that late ones can be told apart. */
struct slot {
	uint32_t number; /* from 0 */
	uint16_t generation;
};

enum transport_event_kind {
	TRANSPORT_STARTED, /* a dial with an instant has begun */
	TRANSPORT_ANSWERED, /* established by the kernel; CONNECTED or FAILED decides */
	TRANSPORT_CONNECTED, /* established; at the instant of ANSWERED if that came */
	TRANSPORT_FAILED, /* never established: `error_number`, ECANCELED after give_up() */
	TRANSPORT_RECEIVED, /* the peer has sent data, which are dropped; the watch goes on */
	TRANSPORT_ENDED, /* by the peer's FIN (0), or `error_number`: RST, or the kernel gave it up */
	TRANSPORT_IDLE, /* nothing of the slot is in flight any more */
	TRANSPORT_RELEASED, /* the closed slot is empty */
	TRANSPORT_READY, /* a descriptor of watch_fd() is readable; the slot's number is its id */
	TRANSPORT_EVENT_MAX,
};

/* What the error queue of a failed dial's socket has kept: IP_RECVERR in ip(7), ipv6(7). */
struct icmp_message {
	int error_number; /* the positive errno that the message stands for */
	bool told; /* an ICMP message; otherwise an error of this host */
	bool v4;
	uint8_t type;
	uint8_t code;
	struct address offender; /* who sent it; family AF_UNSPEC: not known */
};

struct transport_event {
	enum transport_event_kind kind;
	struct slot slot;
	int error_number; /* of FAILED and ENDED; positive, or 0 */
	uint64_t at_ns; /* when it happened, as far as can be told */
	uint64_t since_ns; /* STARTED: it began between this instant and at_ns */
	const struct icmp_message *icmp; /* of FAILED, until the handler returns; or NULL */
};

/* Returns 0, or a negative errno that ends the harvest. It may call any function but harvest(). */
typedef int transport_handler(void *context, const struct transport_event *event);

struct transport_params {
	uint64_t slots; /* at least 1 */
	uint64_t nofile; /* the present limit of open files */
	uint64_t memlock; /* bytes of locked memory that may be taken */
	int watch_fd; /* a signalfd, readable when the run is to end; -1: none */
	bool fin; /* connections are closed by FIN, not by RST */
};

/* What the slots need beyond what the kernel needs for each socket. */
struct transport_needs {
	uint64_t descriptors; /* open files of this process at any one time */
	bool descriptor_each; /* each slot has one */
	uint64_t queues; /* rings; 1 if the transport has none */
	uint64_t slots_per_queue;
	uint64_t locked_memory; /* bytes, of RLIMIT_MEMLOCK */
};

/* What a transport reports about itself. */
struct transport_view {
	unsigned queues;
	uint64_t overflows; /* completions that did not fit into their queue; none is lost */
};

struct transport;

/*
 * Functions that queue something return 0 or a negative errno, which explain() explains. They may
 * do their work at once or in the next wait(); only harvest() delivers events.
 */
struct transport_ops {
	const char *name; /* "io_uring", "epoll" */
	int socket_flags; /* of socket(2), for the sockets to be placed: SOCK_NONBLOCK or 0 */

	/* Pure. */
	void (*needs)(const struct transport_params *params, struct transport_needs *ret_needs);
	/* Tries whether it works here, and leaves nothing behind. Returns like create(). */
	int (*try_out)(const struct transport_params *params, struct error *error);
	/* Returns 0, or a negative errno with a message. */
	int (*create)(const struct transport_params *params, struct transport **ret_transport,
		struct error *error);
	/* NULL is allowed. Closes the sockets in the slots. */
	void (*destroy)(struct transport *transport);

	/* How many slots from `first` on place() can take in one call; at least 1. */
	uint32_t (*room)(const struct transport *transport, uint32_t first);
	/*
	 * Puts sockets into the slots from `first` on and takes their descriptors; -1 leaves its
	 * slot alone. Closes them if it fails. A socket that is already in a slot is replaced.
	 */
	int (*place)(
		struct transport *transport, uint32_t first, const int *take_fds, unsigned count);

	/*
	 * Connects the socket in the slot: as soon as possible, or if due_ns is not 0, at that
	 * instant (CLOCK_MONOTONIC) with a STARTED. `target` must outlive the dial. An established
	 * connection is watched from then on.
	 */
	int (*dial)(struct transport *transport, struct slot slot, const struct address *target,
		uint64_t due_ns);
	/*
	 * Takes back a dial whose instant has not come, without FAILED; one that has begun goes on.
	 */
	int (*disarm)(struct transport *transport, struct slot slot);
	/* Gives up a dial that has not been answered. */
	int (*give_up)(struct transport *transport, struct slot slot);
	/* Ends whatever is in flight, and the watch: IDLE follows, unless nothing was in flight. */
	int (*stop)(struct transport *transport, struct slot slot);
	/* SHUTDOWN of our direction: the FIN is sent, and the watch goes on. */
	int (*half_close)(struct transport *transport, struct slot slot);
	/* Closes the socket of a slot that is idle; `answers_fin`: the peer has closed its side. */
	int (*close)(struct transport *transport, struct slot slot, bool answers_fin);

	/*
	 * Delivers one READY when the descriptor is next readable. The caller keeps the descriptor.
	 */
	int (*watch_fd)(struct transport *transport, int fd, uint32_t id);

	/*
	 * Submits what is queued and returns when there is an event, at the latest at until_ns
	 * (CLOCK_NEVER: no limit; now_ns or earlier: at once). Returns 0, or a negative errno with
	 * a message.
	 */
	int (*wait)(struct transport *transport, uint64_t now_ns, uint64_t until_ns,
		struct error *error);
	/* Whether there is an event, or something to submit that may cause one. */
	bool (*has_work)(struct transport *transport);
	/* Hands every available event to the handler. Stops at its first negative errno. */
	int (*harvest)(struct transport *transport, uint64_t now_ns, transport_handler *handler,
		void *context);

	void (*view)(const struct transport *transport, struct transport_view *ret_view);
	/*
	 * Explains a `code` that a function returned, unless `error` has a message. Returns the
	 * code.
	 */
	int (*explain)(const struct transport *transport, int code, struct error *error);
};

/* The first member of each transport's own struct. */
struct transport {
	const struct transport_ops *ops;
};

extern const struct transport_ops transport_uring;
extern const struct transport_ops transport_epoll;

static inline void transport_destroy(struct transport *transport)
{
	if (transport != NULL) {
		transport->ops->destroy(transport);
	}
}

#endif

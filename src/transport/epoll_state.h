/* SPDX-License-Identifier: MIT */
/* Everything that the epoll transport consists of, for its own modules. */
#ifndef TCPGOON_TRANSPORT_EPOLL_STATE_H
#define TCPGOON_TRANSPORT_EPOLL_STATE_H

#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/transport/transport.h"
#include "transport/due_queue.h"
#include "transport/event_queue.h"
#include "transport/poller.h"
#include "transport/records.h"

struct epoll_transport {
	struct transport transport; /* first */
	struct poller poller;
	struct records records;
	struct due_queue due;
	struct event_queue own;
	struct error error; /* for a failure that has no message */
};

/*
 * data.u64 of an event of the poller:
 *
 *  63      49   48   47              32 31                             0
 * +----------+------+------------------+--------------------------------+
 * |    0     | file |    generation    |             number             |
 * +----------+------+------------------+--------------------------------+
 *
 * file: a descriptor of watch_fd(), and `number` is its id.
 */
#define EPOLL_DATA_FILE (UINT64_C(1) << 48)

static inline uint64_t epoll_data(struct slot slot)
{
	return (uint64_t)slot.generation << 32 | slot.number;
}

static inline struct slot epoll_data_slot(uint64_t data)
{
	return (struct slot){.number = (uint32_t)data, .generation = (uint16_t)(data >> 32)};
}

static inline struct record *epoll_record(struct epoll_transport *epoll, struct slot slot)
{
	return &epoll->records.list[slot.number];
}

/* Queues an event that the next harvest delivers. */
static inline int epoll_add_own(struct epoll_transport *epoll, enum transport_event_kind kind,
	struct slot slot, int error_number)
{
	const struct own_event event = {
		.kind = (uint8_t)kind,
		.slot = slot,
		.error_number = error_number,
	};
	return event_queue_add(&epoll->own, &event);
}

#endif

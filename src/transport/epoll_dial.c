/* SPDX-License-Identifier: MIT */
#include "transport/epoll_dial.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

int epoll_dial_end(struct epoll_transport *epoll, enum transport_event_kind kind, struct slot slot,
	int error_number)
{
	struct record *record = epoll_record(epoll, slot);
	record->generation = slot.generation;
	record_move(record, RECORD_ENDING);
	return epoll_add_own(epoll, kind, slot, error_number);
}

int epoll_dial_begin(struct epoll_transport *epoll, struct slot slot, const struct address *target)
{
	struct record *record = epoll_record(epoll, slot);
	record_move(record, RECORD_CONNECTING);
	if (connect(record->fd, &target->any, address_length(target)) < 0 && errno != EINPROGRESS) {
		return epoll_dial_end(epoll, TRANSPORT_FAILED, slot, errno);
	}
	int r = poller_watch(&epoll->poller, record->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		epoll_data(slot));
	return r < 0 ? poller_explain(r, "epoll_ctl", &epoll->error) : 0;
}

int epoll_dial(struct epoll_transport *epoll, struct slot slot, const struct address *target,
	uint64_t due_ns)
{
	struct record *record = epoll_record(epoll, slot);
	record->generation = slot.generation;
	if (due_ns == 0) {
		return epoll_dial_begin(epoll, slot, target);
	}
	record_move(record, RECORD_ARMED);
	record->arming++;
	const struct due_dial dial = {
		.due_ns = due_ns,
		.target = target,
		.slot = slot,
		.arming = record->arming,
	};
	return due_queue_add(&epoll->due, &dial);
}

/* Whether the dial is still armed. */
static bool is_armed(struct epoll_transport *epoll, const struct due_dial *dial)
{
	const struct record *record = epoll_record(epoll, dial->slot);
	return record->state == RECORD_ARMED && record->arming == dial->arming;
}

const struct due_dial *epoll_dial_first_due(struct epoll_transport *epoll)
{
	const struct due_dial *first = due_queue_first(&epoll->due);
	while (first != NULL && !is_armed(epoll, first)) {
		due_queue_drop_first(&epoll->due);
		first = due_queue_first(&epoll->due);
	}
	return first;
}

/* SPDX-License-Identifier: MIT */
#include "transport/records.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tcpgoon/base/compare.h"

int records_init(struct records *records, uint64_t count)
{
	*records = (struct records){0};
	void *memory = mmap(NULL, count * sizeof(struct record), PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return -ENOMEM;
	}
	records->list = memory;
	records->count = count;
	return 0;
}

void records_finish(struct records *records)
{
	for (uint64_t i = 0; i < records->used; i++) {
		if (records->list[i].state != RECORD_EMPTY) {
			close(records->list[i].fd);
		}
	}
	if (records->list != NULL) {
		munmap(records->list, records->count * sizeof(struct record));
	}
	*records = (struct records){0};
}

static bool is_legal(enum record_state from, enum record_state to)
{
	switch (from) {
	case RECORD_EMPTY:
		return to == RECORD_PLACED;
	case RECORD_PLACED:
	case RECORD_IDLE:
		return to == RECORD_ARMED || to == RECORD_CONNECTING || to == RECORD_PLACED ||
			to == RECORD_EMPTY;
	case RECORD_ARMED:
		return to == RECORD_CONNECTING || to == RECORD_ENDING;
	case RECORD_CONNECTING:
		return to == RECORD_CONNECTED || to == RECORD_ENDING;
	case RECORD_CONNECTED:
		return to == RECORD_ENDING;
	case RECORD_ENDING:
		return to == RECORD_IDLE;
	case RECORD_STATE_MAX:
		break;
	}
	return false;
}

void record_move(struct record *record, enum record_state to)
{
	assert(is_legal((enum record_state)record->state, to));
	record->state = to;
}

void records_place(struct records *records, uint32_t number, int take_fd)
{
	struct record *record = &records->list[number];
	if (record->state != RECORD_EMPTY) {
		close(record->fd);
	}
	record_move(record, RECORD_PLACED);
	record->fd = take_fd;
	records->used = greater(records->used, (uint64_t)number + 1);
}

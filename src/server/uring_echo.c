/* SPDX-License-Identifier: MIT */
/*
 * PEEK, SEND, and a RECV that drops as much as was sent. None of them waits, so a buffer is free
 * again within a turn or two of the loop, whatever the peers do: a few buffers serve any number of
 * connections. What a peer does not read stays where it came from, in the kernel's buffer of what
 * it has sent; when that is full, it cannot send more.
 */
#include "server/uring_echo.h"

#include <errno.h>
#include <stdlib.h>

#include "server/uring_submit.h"
#include "tcpgoon/uring/lanes.h"

#define BUFFER_SIZE (UINT32_C(1) << 16)

int uring_echo_init(struct uring_echo *echo, struct lanes *lanes)
{
	*echo = (struct uring_echo){.lanes = lanes};
	place_list_init(&echo->waiting, lanes->slots_per_lane);
	echo->memory = malloc((size_t)BUFFER_SIZE * URING_ECHO_BUFFERS);
	for (uint16_t i = 0; i < URING_ECHO_BUFFERS; i++) {
		echo->free[echo->free_count++] = i;
	}
	return echo->memory == NULL ? -ENOMEM : 0;
}

void uring_echo_finish(struct uring_echo *echo)
{
	free(echo->memory);
	place_list_finish(&echo->waiting);
	*echo = (struct uring_echo){0};
}

static char *buffer_of(const struct uring_echo *echo, unsigned number)
{
	return &echo->memory[(size_t)number * BUFFER_SIZE];
}

static int peek(struct uring_echo *echo, struct place place, unsigned number, uint32_t size)
{
	uint32_t most = size > 0 && size < BUFFER_SIZE ? size : BUFFER_SIZE;
	return submit_peek(
		&echo->lanes->list[place.block], place.slot, number, buffer_of(echo, number), most);
}

/*
 * The limit of a connection that waits is kept in place of an instant: one more, as 0 means none.
 */
static int wait_for_buffer(struct uring_echo *echo, struct place place, uint32_t size)
{
	while (echo->waiting.block_count <= place.block) {
		int r = place_list_add_block(&echo->waiting);
		if (r < 0) {
			return r;
		}
	}
	place_list_append(&echo->waiting, place, (uint64_t)size + 1);
	return 0;
}

int uring_echo_begin(struct uring_echo *echo, struct place place, uint32_t size)
{
	return echo->free_count == 0 ? wait_for_buffer(echo, place, size)
				     : peek(echo, place, echo->free[--echo->free_count], size);
}

int uring_echo_send(struct uring_echo *echo, struct place place, unsigned number, uint32_t size)
{
	echo->sizes[number] = size;
	return submit_echo(
		&echo->lanes->list[place.block], place.slot, number, buffer_of(echo, number), size);
}

int uring_echo_release(struct uring_echo *echo, unsigned number)
{
	struct place place;
	uint64_t size_and_one;
	if (!place_list_oldest(&echo->waiting, &place, &size_and_one)) {
		echo->free[echo->free_count++] = (uint16_t)number;
		return 0;
	}
	place_list_remove(&echo->waiting, place);
	return peek(echo, place, number, (uint32_t)(size_and_one - 1));
}

bool uring_echo_forget(struct uring_echo *echo, struct place place)
{
	return place_list_remove(&echo->waiting, place);
}

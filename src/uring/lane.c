/* SPDX-License-Identifier: MIT */
/*
 * What is received is counted and forgotten, so all buffers of a lane's ring may be one and the
 * same piece of memory: a connection that waits costs no buffer, and a thousand that receive at
 * once cost no more than one.
 */
#include "tcpgoon/uring/lane.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tcpgoon/uring/ring.h"

#define LANE_BUFFER_GROUP 0
#define LANE_BUFFERS_BYTES (LANE_BUFFERS * sizeof(struct io_uring_buf))

static void add_buffer(struct lane *lane, uint16_t id)
{
	io_uring_buf_ring_add(lane->buffers, lane->scratch, lane->scratch_size, id,
		io_uring_buf_ring_mask(LANE_BUFFERS), 0);
	io_uring_buf_ring_advance(lane->buffers, 1);
}

static int register_buffers(struct lane *lane, struct error *error)
{
	void *memory = mmap(NULL, LANE_BUFFERS_BYTES, PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	if (memory == MAP_FAILED) {
		return error_set(error, -errno, "no memory for a ring of receive buffers");
	}
	lane->buffers = memory;
	io_uring_buf_ring_init(lane->buffers);
	struct io_uring_buf_reg registration = {
		.ring_addr = (uintptr_t)memory,
		.ring_entries = LANE_BUFFERS,
		.bgid = LANE_BUFFER_GROUP,
	};
	int r = io_uring_register_buf_ring(&lane->ring, &registration, 0);
	if (r < 0) {
		return error_set(
			error, r, "the kernel refuses a ring of receive buffers: %s", strerror(-r));
	}
	for (uint16_t id = 0; id < LANE_BUFFERS; id++) {
		add_buffer(lane, id);
	}
	return 0;
}

int lane_init(struct lane *lane, const struct lane_params *params, struct error *error)
{
	*lane = (struct lane){
		.ring.ring_fd = -1,
		.number = params->number,
		.slots = params->slots,
		.scratch = params->scratch,
		.scratch_size = params->scratch_size,
	};
	int r = ring_init(&lane->ring, params->sq_entries, params->cq_entries, error);
	if (r < 0) {
		lane->ring.ring_fd = -1;
		return r;
	}
	r = io_uring_register_files_sparse(&lane->ring, lane->slots);
	if (r < 0) {
		return error_set(error, r, "a table of %u direct descriptors is refused: %s",
			lane->slots, strerror(-r));
	}
	return register_buffers(lane, error);
}

void lane_finish(struct lane *lane)
{
	if (lane->ring.ring_fd >= 0) {
		io_uring_queue_exit(&lane->ring);
		lane->ring.ring_fd = -1;
	}
	if (lane->buffers != NULL) {
		munmap(lane->buffers, LANE_BUFFERS_BYTES);
		lane->buffers = NULL;
	}
}

/* How many descriptors from the first on follow one another: none where the first is -1. */
static unsigned run_length(const int *fds, unsigned count)
{
	unsigned length = 0;
	while (length < count && fds[0] >= 0 && fds[length] == fds[0] + (int)length) {
		length++;
	}
	return length;
}

/* The lowest free numbers are given out, so a batch has few gaps, and a run is one call. */
static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count;) {
		unsigned length = run_length(&fds[i], count - i);
		if (length == 0) {
			i++;
			continue;
		}
		if (close_range((unsigned)fds[i], (unsigned)fds[i + length - 1], 0) < 0) {
			for (unsigned j = 0; j < length; j++) {
				close(fds[i + j]);
			}
		}
		i += length;
	}
}

/* The kernel stops where it cannot go on, and says why only where that is at the first. */
static int install(struct lane *lane, uint32_t first_slot, const int *update, unsigned count)
{
	for (unsigned done = 0; done < count;) {
		int r = io_uring_register_files_update(
			&lane->ring, first_slot + done, &update[done], count - done);
		if (r <= 0) {
			return r < 0 ? r : -EIO;
		}
		done += (unsigned)r;
	}
	return 0;
}

int lane_install_take_fds(struct lane *lane, uint32_t first_slot, const int *fds, unsigned count)
{
	int update[LANE_INSTALL_MOST] = {0};
	assert(count <= LANE_INSTALL_MOST);
	for (unsigned i = 0; i < count; i++) {
		update[i] = fds[i] >= 0 ? fds[i] : IORING_REGISTER_FILES_SKIP;
	}
	int r = install(lane, first_slot, update, count);
	close_all(fds, count);
	return r;
}

struct io_uring_sqe *lane_sqe(struct lane *lane)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&lane->ring);
	assert(sqe != NULL);
	return sqe;
}

void lane_prep_recv(struct lane *lane, struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data)
{
	io_uring_prep_recv(sqe, (int)slot, NULL, lane->scratch_size, 0);
	sqe->ioprio = IORING_RECVSEND_POLL_FIRST; /* nothing can be there yet: wait at once */
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = LANE_BUFFER_GROUP;
	sqe->user_data = user_data;
}

void lane_recycle_buffer(struct lane *lane, unsigned cqe_flags)
{
	if ((cqe_flags & IORING_CQE_F_BUFFER) != 0) {
		add_buffer(lane, (uint16_t)(cqe_flags >> IORING_CQE_BUFFER_SHIFT));
	}
}

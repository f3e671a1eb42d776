/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/uring/lane.h"

#define SLOTS 8
#define NO_DESCRIPTOR 100000 /* beyond the limit of open files of this program */

static uint8_t scratch[4096];

/* Skips the test where there is no io_uring. */
static void make_lane(struct lane *lane)
{
	const struct lane_params params = {
		.slots = SLOTS,
		.sq_entries = 8,
		.cq_entries = 16,
		.scratch = scratch,
		.scratch_size = sizeof(scratch),
	};
	struct error error = ERROR_INIT;
	if (lane_init(lane, &params, &error) < 0) {
		lane_finish(lane);
		print_message("%s\n", error.text);
		skip();
	}
}

static void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void assert_closed(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* The RECV in `slot` gets what the other end sends: the socket is in its slot. */
static void assert_receives(struct lane *lane, uint32_t slot, int other_end)
{
	lane_prep_recv(lane, lane_sqe(lane), slot, 1);
	assert_int_equal(send(other_end, "tcp", 3, 0), 3);
	struct io_uring_cqe *cqe;
	assert_true(io_uring_submit(&lane->ring) >= 0);
	assert_int_equal(io_uring_wait_cqe(&lane->ring, &cqe), 0);
	assert_int_equal(cqe->res, 3);
	assert_memory_equal(scratch, "tcp", 3);
	lane_recycle_buffer(lane, cqe->flags);
	io_uring_cqe_seen(&lane->ring, cqe);
}

static void sockets_go_into_their_slots(void **state)
{
	(void)state;
	struct lane lane;
	make_lane(&lane);
	int first[2];
	int second[2];
	make_pair(first);
	make_pair(second);
	const int fds[] = {first[0], -1, second[0]};
	assert_int_equal(lane_install_take_fds(&lane, 2, fds, 3), 0);
	assert_closed(first[0]);
	assert_closed(second[0]);
	assert_receives(&lane, 2, first[1]);
	assert_receives(&lane, 4, second[1]);
	lane_finish(&lane);
	close(first[1]);
	close(second[1]);
}

static void more_data_than_buffers_pass_through(void **state)
{
	(void)state;
	struct lane lane;
	make_lane(&lane);
	int pair[2];
	make_pair(pair);
	assert_int_equal(lane_install_take_fds(&lane, 0, &pair[0], 1), 0);
	for (unsigned i = 0; i < 3 * LANE_BUFFERS; i++) {
		assert_receives(&lane, 0, pair[1]);
	}
	lane_finish(&lane);
	close(pair[1]);
}

/* Wherever in the batch it is: the kernel counts those before it as done. */
static void what_cannot_be_installed_is_an_error(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 3; bad++) {
		struct lane lane;
		make_lane(&lane);
		int pair[2];
		make_pair(pair);
		int fds[] = {-1, -1, -1};
		fds[bad == 0 ? 1 : 0] = pair[0];
		fds[bad] = NO_DESCRIPTOR;
		assert_int_equal(lane_install_take_fds(&lane, 0, fds, 3), -EBADF);
		assert_closed(pair[0]);
		lane_finish(&lane);
		close(pair[1]);
	}
}

/* A table larger than the limit of open files; raised or not, nothing is left behind. */
static void a_refused_table_leaves_nothing_behind(void **state)
{
	(void)state;
	struct lane probe;
	make_lane(&probe);
	lane_finish(&probe);
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	const struct rlimit low = {.rlim_cur = 64, .rlim_max = 64};
	if (setrlimit(RLIMIT_NOFILE, &low) < 0) {
		skip(); /* valgrind keeps descriptors for itself and does not let it be lowered */
	}
	const struct lane_params params = {
		.slots = 65,
		.sq_entries = 8,
		.cq_entries = 16,
		.scratch = scratch,
		.scratch_size = sizeof(scratch),
	};
	int lowest = dup(0);
	close(lowest);
	struct lane lane;
	struct error error = ERROR_INIT;
	assert_int_equal(lane_init(&lane, &params, &error), -EMFILE);
	assert_non_null(strstr(error.text, "65 direct descriptors"));
	lane_finish(&lane);
	lane_finish(&lane);
	int again = dup(0);
	close(again);
	assert_int_equal(again, lowest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_go_into_their_slots),
		cmocka_unit_test(more_data_than_buffers_pass_through),
		cmocka_unit_test(what_cannot_be_installed_is_an_error),
		cmocka_unit_test(a_refused_table_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

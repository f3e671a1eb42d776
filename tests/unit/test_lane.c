/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
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

static struct patience patience = PATIENCE_INIT;

/* Skips the test where there is no io_uring. */
static void make_lane(struct lane *lane)
{
	const struct lane_params params = {
		.patience = &patience,
		.slots = SLOTS,
		.sq_entries = 8,
		.cq_entries = 16,
	};
	struct error error = ERROR_INIT;
	if (lane_init(lane, &params, &error) < 0) {
		lane_finish(lane);
		print_message("%s\n", error.text);
		skip();
	}
}

/* Both ends of a TCP connection. */
static void make_pair(int pair[2])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t length = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(listening >= 0);
	assert_int_equal(bind(listening, any, length), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, any, &length), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], any, length), 0);
	pair[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair[1] >= 0);
	close(listening);
}

static void assert_closed(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* What the one request that is queued completes with. */
static int result_of(struct lane *lane)
{
	struct io_uring_cqe *cqe;
	assert_true(io_uring_submit(&lane->ring) >= 0);
	assert_int_equal(io_uring_wait_cqe(&lane->ring, &cqe), 0);
	int result = cqe->res;
	io_uring_cqe_seen(&lane->ring, cqe);
	return result;
}

static int receive(struct lane *lane, uint32_t slot)
{
	lane_prep_receive(lane_sqe(lane), slot, 1);
	return result_of(lane);
}

static int watch(struct lane *lane, uint32_t slot)
{
	lane_prep_watch(lane_sqe(lane), slot, 1);
	return result_of(lane);
}

/* The socket is in its slot. */
static void assert_receives(struct lane *lane, uint32_t slot, int other_end)
{
	assert_int_equal(send(other_end, "tcp", 3, 0), 3);
	assert_int_equal(watch(lane, slot) & (POLLIN | POLLERR | POLLHUP), POLLIN);
	assert_int_equal(receive(lane, slot), 3);
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

static void a_receive_takes_all_there_is_and_never_waits(void **state)
{
	(void)state;
	static const char data[100000];
	struct lane lane;
	make_lane(&lane);
	int pair[2];
	make_pair(pair);
	assert_int_equal(lane_install_take_fds(&lane, 0, &pair[0], 1), 0);
	assert_int_equal(receive(&lane, 0), -EAGAIN);
	size_t sent = 0;
	while (sent < 3 * sizeof(data)) {
		assert_int_equal(send(pair[1], data, sizeof(data), 0), sizeof(data));
		sent += sizeof(data);
	}
	size_t received = 0;
	while (received < sent) {
		assert_true((watch(&lane, 0) & POLLIN) != 0);
		int taken = receive(&lane, 0);
		assert_true(taken > 0);
		received += (size_t)taken;
	}
	assert_int_equal(received, sent);
	assert_int_equal(receive(&lane, 0), -EAGAIN);
	lane_finish(&lane);
	close(pair[1]);
}

static void the_end_of_a_connection_is_seen_and_said(void **state)
{
	(void)state;
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct lane lane;
	make_lane(&lane);
	int closed[2];
	int aborted[2];
	make_pair(closed);
	make_pair(aborted);
	const int fds[] = {closed[0], aborted[0]};
	assert_int_equal(lane_install_take_fds(&lane, 0, fds, 2), 0);
	close(closed[1]);
	assert_true((watch(&lane, 0) & POLLRDHUP) != 0);
	assert_int_equal(receive(&lane, 0), 0);
	assert_int_equal(setsockopt(aborted[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(aborted[1]);
	assert_true((watch(&lane, 1) & POLLERR) != 0);
	assert_int_equal(receive(&lane, 1), -ECONNRESET);
	lane_finish(&lane);
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
	};
	int lowest = dup(0);
	close(lowest);
	struct lane lane;
	struct error error = ERROR_INIT;
	assert_int_equal(lane_init(&lane, &params, &error), -EMFILE);
	assert_non_null(strstr(error.text, "65 slots are more than the limit of open files, 64"));
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
		cmocka_unit_test(a_receive_takes_all_there_is_and_never_waits),
		cmocka_unit_test(the_end_of_a_connection_is_seen_and_said),
		cmocka_unit_test(what_cannot_be_installed_is_an_error),
		cmocka_unit_test(a_refused_table_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

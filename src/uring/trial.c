/* SPDX-License-Identifier: MIT */
#include "tcpgoon/uring/trial.h"

#include <errno.h>
#include <fcntl.h>

#include "tcpgoon/base/clock.h"

#define OPERATION_NOP 1
#define PATIENCE_OF_NOP_NS NSEC_PER_SEC

static int count_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	unsigned *count = context;
	(void)lane;
	(void)flags;
	*count += token.operation == OPERATION_NOP;
	return result < 0 ? result : 0;
}

static int carry_out_nop(struct lanes *lanes, struct error *error)
{
	struct io_uring_sqe *sqe;
	unsigned count = 0;
	int r = lane_take_sqe(&lanes->list[0], &sqe);
	if (r < 0) {
		return lanes_explain(lanes, r, error);
	}
	io_uring_prep_nop(sqe);
	sqe->user_data = token_pack((struct token){.operation = OPERATION_NOP});
	uint64_t now_ns = clock_now_ns();
	uint64_t until_ns = now_ns + PATIENCE_OF_NOP_NS;
	while (r == 0 && count == 0 && now_ns < until_ns) {
		r = lanes_wait(lanes, now_ns, until_ns, error);
		if (r == 0) {
			r = lanes_harvest(lanes, count_completion, &count);
		}
		/*
		 * An enter that fails may succeed later; that time does not count for the request.
		 */
		bool stalled = lanes->list[0].stalled_since_ns != 0;
		now_ns = stalled ? now_ns : clock_now_ns();
	}
	if (r == 0 && count == 0) {
		return error_set(error, -ETIME, "io_uring does not carry out requests");
	}
	return r < 0 ? lanes_explain(lanes, r, error) : 0;
}

static int install_file(struct lanes *lanes, struct error *error)
{
	/* Any file will do that a ring accepts; the lane closes it. */
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 0;
	}
	int r = lane_install_take_fds(&lanes->list[0], 0, &fd, 1);
	return r < 0 ? lanes_explain(lanes, r, error) : 0;
}

int trial_make(const struct lanes_params *params, struct error *error)
{
	struct lanes lanes;
	int r = lanes_init_first(&lanes, params, error);
	if (r == 0) {
		r = install_file(&lanes, error);
	}
	if (r == 0) {
		r = carry_out_nop(&lanes, error);
	}
	lanes_finish(&lanes);
	return r;
}

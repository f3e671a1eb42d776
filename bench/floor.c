/* SPDX-License-Identifier: MIT */
/*
 * The least that the kernel requires for a connection: socket, SO_REUSEADDR, bind, connect. Nothing
 * is watched or remembered. Whatever another client takes beyond this is its own cost.
 */
#include <errno.h>

#include "client.h"

static void dial(void *context, const struct share *share, struct outcome *outcome)
{
	(void)context;
	for (uint64_t i = 0; i < share->count; i++) {
		struct tuple tuple = tuples_at(share->tuples, share->first + i);
		int fd = client_bound_socket(&tuple, SOCK_STREAM, outcome);
		if (fd < 0) {
			return;
		}
		if (connect(fd, &tuple.target->any, address_length(tuple.target)) < 0) {
			client_stopped(outcome, "connect", errno);
			return;
		}
		outcome->established++;
	}
}

static void hold(void *context, int control_fd)
{
	(void)context;
	client_wait_readable(control_fd);
}

int main(int argc, char **argv)
{
	const struct client client = {.name = "floor", .dial = dial, .hold = hold};
	return client_main(&client, argc, argv);
}

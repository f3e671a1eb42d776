/* SPDX-License-Identifier: MIT */
/* What a TCP socket says about its connection, asked by system calls that do not wait. */
#ifndef TCPGOON_TRANSPORT_SOCKET_H
#define TCPGOON_TRANSPORT_SOCKET_H

#include <stdbool.h>

#include "tcpgoon/transport/transport.h"

enum dial_state {
	DIAL_PENDING,
	DIAL_CONNECTED,
	DIAL_FAILED,
};

/*
 * What has become of the dial. *ret_error_number is why it failed, or why an established connection
 * has ended since, or 0. The kernel reports an error only once.
 */
enum dial_state socket_dial_state(int fd, int *ret_error_number);

/* Whether there is an answer to the dial, or an error. Takes neither. */
bool socket_has_answer(int fd);

/* Takes one message out of the error queue; false if it has none. */
bool socket_take_icmp(int fd, struct icmp_message *ret_message);

struct reception {
	bool received; /* data, which are dropped */
	bool ended; /* by the peer's FIN, or by `error_number` */
	int error_number; /* positive, or 0 */
};

/* Takes all that has come. `to_the_end`: it is known to include an end or an error. */
struct reception socket_receive(int fd, bool to_the_end);

#endif

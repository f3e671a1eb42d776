/* SPDX-License-Identifier: MIT */
/* What a TCP socket says of its connection when it is asked by a system call that does not wait. */
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
 * What has become of the dial. *ret_error_number: why it failed, or 0, or of a connection that was
 * established why it has ended since. An error is told once.
 */
enum dial_state socket_dial_state(int fd, int *ret_error_number);

/* Whether there is anything to be asked for: an answer to the dial, or an error. Takes nothing. */
bool socket_has_answer(int fd);

/* Takes one message out of the error queue; false where it has none. */
bool socket_take_icmp(int fd, struct icmp_message *ret_message);

struct reception {
	bool received; /* data, which are dropped */
	bool ended; /* by the peer's FIN, or by `error_number` */
	int error_number; /* positive, or 0 */
};

/* Takes all that has come. `to_the_end`: an end or an error is known to be among it. */
struct reception socket_receive(int fd, bool to_the_end);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One system call tells what became of a dial: a send of zero bytes. On a connection it succeeds
 * and sends no packet. Otherwise it takes the socket's error, as SO_ERROR would; without an error
 * it returns EAGAIN for a socket that still waits for its SYN-ACK. SO_ERROR returns 0 for that
 * socket, as for a connection: such a socket wakes when the kernel puts an ICMP error into its
 * error queue without acting on it yet (error_queue.c).
 *
 *   0            established
 *   ECONNRESET   established, and reset since; EPIPE the same, after the peer's FIN
 *   EAGAIN       failed, if the error queue has a message; otherwise still being dialled
 *   an errno     failed; the error queue may have the sender that the errno hides
 *
 * Received data are dropped: MSG_TRUNC makes TCP drop them in place (tcp(7)), so there is no buffer
 * and no copy. One call takes all that is there, so another is needed only if an end is known to
 * follow. EAGAIN then means that there is none: the wake was for an ICMP error in the error queue,
 * which came during the handshake and did not keep it from succeeding.
 */
#include "transport/socket.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "transport/error_queue.h"

/* The most that one call drops: as much as a socket's buffer can hold. */
#define RECEIVE_MAX (1U << 30)
/* Two are enough to reach the end: we do not wait for a peer that sends without a pause. */
#define ROUNDS_MAX 8

enum dial_state socket_dial_state(int fd, int *ret_error_number)
{
	ssize_t n;
	do {
		n = send(fd, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	*ret_error_number = n < 0 ? errno : 0;
	switch (*ret_error_number) {
	case 0:
	case ECONNRESET:
	case EPIPE:
		return DIAL_CONNECTED;
	case EAGAIN:
	case ENOTCONN:
		return DIAL_PENDING;
	}
	return DIAL_FAILED;
}

bool socket_has_answer(int fd)
{
	struct pollfd asked = {.fd = fd, .events = POLLOUT};
	return poll(&asked, 1, 0) > 0;
}

bool socket_take_icmp(int fd, struct icmp_message *ret_message)
{
	uint8_t control[ERROR_QUEUE_CONTROL_SIZE] __attribute__((aligned(8)));
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
	return recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0 &&
		error_queue_read(&message, ret_message);
}

static void drop_error_queue(int fd)
{
	struct msghdr nowhere = {0};
	while (recvmsg(fd, &nowhere, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
	}
}

struct reception socket_receive(int fd, bool to_the_end)
{
	struct reception reception = {0};
	ssize_t n;
	unsigned rounds = 0;
	do {
		n = recv(fd, NULL, RECEIVE_MAX, MSG_TRUNC | MSG_DONTWAIT);
		reception.received |= n > 0;
	} while ((n > 0 && to_the_end && ++rounds < ROUNDS_MAX) || (n < 0 && errno == EINTR));
	if (n < 0 && errno == EAGAIN) {
		if (to_the_end) {
			drop_error_queue(fd);
		}
	} else if (n <= 0) {
		reception.ended = true;
		reception.error_number = n < 0 ? errno : 0;
	}
	return reception;
}

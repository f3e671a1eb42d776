/* SPDX-License-Identifier: MIT */
/*
 * errno hides the sender. The kernel turns ICMP errors into ENETUNREACH, EHOSTUNREACH and EACCES,
 * and this machine's own routes and security modules return the same; and ICMPv4's
 * "administratively prohibited" becomes one of the first two, as if a route were missing. The
 * socket's error queue (IP_RECVERR in ip(7), and its counterpart in ipv6(7)) keeps the message:
 * type, code, and the address of its sender. So it is read for dials that failed with one of these.
 *
 * It is also read for dials about which nothing else is known. If an ICMP error comes while the
 * kernel is in connect, the kernel does not act on it before the next one, but puts it into the
 * queue at once: the dial wakes without an error of its own (EAGAIN of a SEND, EALREADY of
 * io_uring's CONNECT on Linux 6.1). We do act on it: a moment later it would have ended the dial.
 */
#include "transport/error_queue.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <time.h> /* linux/errqueue.h needs it */

#include <linux/errqueue.h>

bool error_queue_is_worth_reading(int error_number)
{
	switch (error_number) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
	case EALREADY:
	case EAGAIN:
		return true;
	}
	return false;
}

/* The sender's address follows the error, in the length of its family. */
static void read_offender(const struct cmsghdr *part, size_t length, struct address *ret_offender)
{
	size_t rest = length - sizeof(struct sock_extended_err);
	size_t wanted = part->cmsg_level == IPPROTO_IP ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6);
	struct address offender = {0};
	if (rest < wanted) {
		return;
	}
	memcpy(&offender, CMSG_DATA(part) + sizeof(struct sock_extended_err), wanted);
	if (address_from_sockaddr(&offender.any, &offender) == 0) {
		*ret_offender = offender;
	}
}

/* False if the control message is of another kind. */
static bool read_part(const struct cmsghdr *part, struct icmp_message *ret_message)
{
	bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
	bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
	size_t length = part->cmsg_len - CMSG_LEN(0);
	struct sock_extended_err error;
	if ((!v4 && !v6) || length < sizeof(error)) {
		return false;
	}
	memcpy(&error, CMSG_DATA(part), sizeof(error));
	*ret_message = (struct icmp_message){
		.error_number = (int)error.ee_errno,
		.told = error.ee_origin == SO_EE_ORIGIN_ICMP ||
			error.ee_origin == SO_EE_ORIGIN_ICMP6,
		.v4 = error.ee_origin == SO_EE_ORIGIN_ICMP,
		.type = error.ee_type,
		.code = error.ee_code,
	};
	read_offender(part, length, &ret_message->offender);
	return true;
}

bool error_queue_read(struct msghdr *message, struct icmp_message *ret_message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
		part = CMSG_NXTHDR(message, part)) {
		if (read_part(part, ret_message)) {
			return true;
		}
	}
	return false;
}

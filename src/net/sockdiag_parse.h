/* SPDX-License-Identifier: MIT */
/* What the bytes of the kernel's answers say: pure. */
#ifndef TCPGOON_NET_SOCKDIAG_PARSE_H
#define TCPGOON_NET_SOCKDIAG_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/sockdiag_socket.h"

/*
 * Visits the sockets that a part of the answer tells of. Returns 1 (there is more), 0 (that was the
 * last part) or a negative errno: the kernel's, or -EBADMSG for what is no such message.
 */
int sockdiag_parse(struct sockdiag_dump *dump, const void *buffer, size_t length);

/*
 * What one datagram of the answer says: the sequence of a message, counted from `first`, is the
 * index. Returns how many of the `count` it answered, or a negative errno.
 */
int sockdiag_parse_lookup(const void *buffer, size_t length, uint32_t first, size_t count,
	struct sockdiag_socket *ret_sockets);

#endif

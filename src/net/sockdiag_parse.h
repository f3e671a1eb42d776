/* SPDX-License-Identifier: MIT */
/* Parses the answers of the kernel. Pure. */
#ifndef TCPGOON_NET_SOCKDIAG_PARSE_H
#define TCPGOON_NET_SOCKDIAG_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/sockdiag_socket.h"

/*
 * Visits the sockets in one slice of the answer. Returns 1 (there is more), 0 (that was the last)
 * or a negative errno: the kernel's, or -EBADMSG for a malformed message.
 */
int sockdiag_parse(struct sockdiag_dump *dump, const void *buffer, size_t length);

/*
 * Parses one datagram of the answer to a lookup. The sequence number of a message minus `first` is
 * its index. Returns how many of the `count` were answered, or a negative errno.
 */
int sockdiag_parse_lookup(const void *buffer, size_t length, uint32_t first, size_t count,
	struct sockdiag_socket *ret_sockets);

#endif

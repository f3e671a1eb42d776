/* SPDX-License-Identifier: MIT */
/* Names to addresses. */
#ifndef TCPGOON_NET_RESOLVE_H
#define TCPGOON_NET_RESOLVE_H

#include <stddef.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"

/*
 * All TCP addresses of a name or literal (brackets allowed around IPv6), in the order of
 * getaddrinfo(3), without repeats, port 0. *ret_list is the caller's: free().
 * Returns 0, -ENOENT (no such name) or -ENOMEM, with a message.
 */
int resolve_host(
	const char *host, struct address **ret_list, size_t *ret_count, struct error *error);

#endif

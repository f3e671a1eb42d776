/* SPDX-License-Identifier: MIT */
/* Checks the name of a host, and turns it into the form that is looked up. */
#ifndef TCPGOON_NET_HOSTNAME_H
#define TCPGOON_NET_HOSTNAME_H

#include "tcpgoon/base/error.h"

/* Enough for the longest DNS name, a final dot and the NUL. */
#define HOSTNAME_MAX 256

/*
 * Writes the name in ASCII, as resolvers expect it: unchanged, or in its xn-- form if it has other
 * letters (IDNA 2008), whatever the locale. Bytes that are not UTF-8 are left to the resolver:
 * hosts(5) may have such names. Returns 0, or -EINVAL with a message if it cannot be a name.
 */
int hostname_to_ascii(const char *host, char ret_ascii[HOSTNAME_MAX], struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* What can be the name of a host, and how it is looked up. */
#ifndef TCPGOON_NET_HOSTNAME_H
#define TCPGOON_NET_HOSTNAME_H

#include "tcpgoon/base/error.h"

/* Room for the longest name that DNS has, with a dot behind it and its end. */
#define HOSTNAME_MAX 256

/*
 * The name in ASCII, as resolvers have it: itself, or its xn-- form where it has other letters
 * (IDNA 2008), whatever the locale. Bytes that are no UTF-8 are left to the resolver: hosts(5) may
 * have such names. Returns 0 or -EINVAL with a message where it is no name.
 */
int hostname_to_ascii(const char *host, char ret_ascii[HOSTNAME_MAX], struct error *error);

#endif

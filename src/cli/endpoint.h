/* SPDX-License-Identifier: MIT */
/* Refuses host and port given as one word, as in a URL. */
#ifndef TCPGOON_CLI_ENDPOINT_H
#define TCPGOON_CLI_ENDPOINT_H

#include "tcpgoon/base/error.h"

/*
 * Returns 0 if `text` can be a host, or -EINVAL with a message that says what it is instead (a URL,
 * "host:port", "[::1]:80", "user@host", "host/path") and how to call the command. `given_port` is
 * the port that was given with it, or NULL.
 */
int endpoint_refuse(
	const char *command, const char *text, const char *given_port, struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Host and port written as one, as in URLs, where they are to be given apart. */
#ifndef TCPGOON_CLI_ENDPOINT_H
#define TCPGOON_CLI_ENDPOINT_H

#include "tcpgoon/base/error.h"

/*
 * Returns 0 where `text` is no more than a host can be, or -EINVAL with a message that says what it
 * is (a URL, "host:port", "[::1]:80", "user@host", "host/path") and how to call the command.
 * `given_port` is the port that was given beside it, or NULL.
 */
int endpoint_refuse(
	const char *command, const char *text, const char *given_port, struct error *error);

#endif

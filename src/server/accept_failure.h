/* SPDX-License-Identifier: MIT */
/* What it means where an accept brings no connection: accept(2) has three kinds of errors. */
#ifndef TCPGOON_SERVER_ACCEPT_FAILURE_H
#define TCPGOON_SERVER_ACCEPT_FAILURE_H

#include <stdint.h>

enum accept_failure {
	ACCEPT_ONCE, /* of this one alone: the next may be tried at once */
	ACCEPT_FOR_NOW, /* something is short that may come again */
	ACCEPT_FOR_GOOD,
};

/* Of a negative errno. */
enum accept_failure accept_failure_of(int code);

#define ACCEPT_FAILURE_TEXT_MAX 256

/*
 * What to tell people of one that is ACCEPT_FOR_NOW: what it amounts to, and why with what mends it.
 * `nofile` is the limit of open files. Both stay as long as `buffer`.
 */
struct accept_failure_words {
	const char *what;
	const char *why;
};
struct accept_failure_words accept_failure_words(
	int code, uint64_t nofile, char buffer[ACCEPT_FAILURE_TEXT_MAX]);

#endif

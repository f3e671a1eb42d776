/* SPDX-License-Identifier: MIT */
/* What it means if an accept returns no connection: accept(2) has three kinds of errors. */
#ifndef TCPGOON_SERVER_ACCEPT_FAILURE_H
#define TCPGOON_SERVER_ACCEPT_FAILURE_H

#include <stdint.h>

enum accept_failure {
	ACCEPT_ONCE, /* only this accept failed: the next may be tried at once */
	ACCEPT_FOR_NOW, /* a resource is short, but may become available again */
	ACCEPT_FOR_GOOD,
};

/* Of a negative errno. */
enum accept_failure accept_failure_of(int code);

#define ACCEPT_FAILURE_TEXT_MAX 256

/*
 * What to tell people about an ACCEPT_FOR_NOW: what the effect is, and the reason with its remedy.
 * `nofile` is the limit of open files. Both texts are valid as long as `buffer`.
 */
struct accept_failure_words {
	const char *what;
	const char *why;
};
struct accept_failure_words accept_failure_words(
	int code, uint64_t nofile, char buffer[ACCEPT_FAILURE_TEXT_MAX]);

#endif

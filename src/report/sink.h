/* SPDX-License-Identifier: MIT */
/* A FILE whose bytes go to a function piece by piece, and that remembers why one could not. */
#ifndef TCPGOON_REPORT_SINK_H
#define TCPGOON_REPORT_SINK_H

#include <stddef.h>
#include <stdio.h>

/* Takes all of the text. Returns 0 or a negative errno. */
typedef int sink_function(void *context, const char *text, size_t length);

struct sink {
	FILE *file; /* print to this */
	sink_function *function;
	void *context;
	int failure; /* the first of the function; after it nothing is passed on */
};

/* Must not move until sink_close(). Returns 0 or -ENOMEM. */
int sink_open(struct sink *sink, sink_function *function, void *context);
/* Passes on what is left. Returns 0 or the first failure. */
int sink_close(struct sink *sink);

#endif

/* SPDX-License-Identifier: MIT */
/* Where each value of a command line comes from, and the texts of those that argv does not hold. */
#ifndef TCPGOON_CLI_ORIGINS_H
#define TCPGOON_CLI_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

/* The most options that a command may have. */
#define ORIGINS_MAX 64

/* A later one wins. */
enum origin_kind {
	ORIGIN_DEFAULT,
	ORIGIN_FILE,
	ORIGIN_ENVIRONMENT,
	ORIGIN_COMMAND_LINE,
	ORIGIN_KINDS,
};

struct origin {
	enum origin_kind kind;
	const char *place; /* the path of the file, the variable; NULL: none */
};

struct kept_text;

/* Zeroed to begin with. */
struct origins {
	struct origin options[ORIGINS_MAX]; /* by the index of the row */
	struct origin host;
	struct origin port;
	const char *file; /* that of --config; NULL: none */
	char *target[2]; /* host and port, if the file has them */
	struct kept_text *kept; /* owned */
};

/* "default", "file", "environment", "command_line". */
const char *origin_name(enum origin_kind kind);

/* Copies a text, which lives until origins_finish(). Returns NULL if there is no memory. */
char *origins_keep(struct origins *origins, const char *text, size_t length);

void origins_finish(struct origins *origins);

#endif

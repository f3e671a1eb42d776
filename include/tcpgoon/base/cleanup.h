/* SPDX-License-Identifier: MIT */
/* Releases what a scope holds when the scope is left, by whichever way. */
#ifndef TCPGOON_BASE_CLEANUP_H
#define TCPGOON_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * CLEANUP(cleanup_free) char *text = NULL;
 * CLEANUP(draft_finish) struct draft draft = DRAFT_INIT;
 *
 * The function runs on every way out of the scope, so the variable must be initialised. To hand the
 * value on, take it out of the variable first.
 */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* For a pointer that malloc() returned, or NULL. */
static inline void cleanup_free(void *pointer)
{
	void *memory;
	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}

/* For a file descriptor, or -1. */
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}

static inline void cleanup_fclose(FILE *const *file)
{
	if (*file != NULL) {
		fclose(*file);
	}
}

/* Returns what the pointer variable at `pointer` points to, and sets that variable to NULL. */
static inline void *cleanup_take(void *pointer)
{
	void *taken;
	const void *none = NULL;
	memcpy(&taken, pointer, sizeof(taken));
	memcpy(pointer, &none, sizeof(none));
	return taken;
}

#endif

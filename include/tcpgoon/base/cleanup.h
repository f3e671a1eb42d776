/* SPDX-License-Identifier: MIT */
/* What a scope holds is released at its end, by whichever way it is left. */
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
 * The variable must be initialised: the function runs on every way out of the scope. What is handed
 * on is taken from it first.
 */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Of a pointer to what malloc() returned. */
static inline void cleanup_free(void *pointer)
{
	void *memory;
	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}

/* -1: nothing is open. */
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

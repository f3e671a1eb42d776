/* SPDX-License-Identifier: MIT */
/*
 * The one mutable global of the program: a signal handler is given nothing but the number of its
 * signal. A slot is one pointer that is exchanged as a whole, so the handler sees a path or none.
 */
#include "tcpgoon/base/leftovers.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic(const char *) paths[LEFTOVERS_MAX];

static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a handler may read a pointer without a lock");

static void exchange(const char *from, const char *to)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		const char *expected = from;
		if (atomic_compare_exchange_strong(&paths[i], &expected, to)) {
			return;
		}
	}
}

void leftovers_add(const char *path)
{
	exchange(NULL, path);
}

void leftovers_forget(const char *path)
{
	if (path != NULL) {
		exchange(path, NULL);
	}
}

void leftovers_remove(void)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		const char *path = atomic_exchange(&paths[i], NULL);
		if (path != NULL) {
			unlink(path);
		}
	}
}

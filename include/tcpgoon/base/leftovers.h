/* SPDX-License-Identifier: MIT */
/* Unfinished files that must not outlive the process, also where a signal ends it. */
#ifndef TCPGOON_BASE_LEFTOVERS_H
#define TCPGOON_BASE_LEFTOVERS_H

/* As many files at a time. */
#define LEFTOVERS_MAX 128

/*
 * `path` is removed if a signal ends the process. It stays the caller's, and must stay as it is
 * until leftovers_forget(). Of more than LEFTOVERS_MAX paths, the last are not remembered.
 */
void leftovers_add(const char *path);

/* The file is complete, or gone. Accepts a path that was never added. */
void leftovers_forget(const char *path);

/* Unlinks them all. Async-signal-safe: for the handler of a signal that ends the process. */
void leftovers_remove(void);

#endif

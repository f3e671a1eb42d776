/* SPDX-License-Identifier: MIT */
/* Whether closing a slot releases its socket at once: kernels differ in this. */
#ifndef TCPGOON_URING_RELEASE_H
#define TCPGOON_URING_RELEASE_H

#include <stdbool.h>

/*
 * True if CLOSE of a direct descriptor releases its socket, so that its FIN is sent, while an older
 * request is pending on another one. Found by trying; false also if it cannot be tried.
 */
bool release_is_prompt(void);

#endif

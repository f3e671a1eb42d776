/* SPDX-License-Identifier: MIT */
/* Whether a closed slot lets go of its socket at once, which kernels do differently. */
#ifndef TCPGOON_URING_RELEASE_H
#define TCPGOON_URING_RELEASE_H

#include <stdbool.h>

/*
 * True if CLOSE of a direct descriptor releases its socket while an older request is pending on
 * another one, so that its FIN goes out; found by trying. False also where it cannot be tried.
 */
bool release_is_prompt(void);

#endif

/* SPDX-License-Identifier: MIT */
/* What this host allows this process. */
#ifndef TCPGOON_NET_LIMITS_H
#define TCPGOON_NET_LIMITS_H

#include <stdint.h>

#define LIMITS_NONE UINT64_MAX

/*
 * Raises the soft limit of open files to the hard one, which needs no privilege, and returns the
 * soft limit that then holds.
 */
uint64_t limits_raise_nofile(void);

/* Bytes of locked memory this user may have, LIMITS_NONE if unlimited or not applied to it. */
uint64_t limits_memlock(void);

#endif

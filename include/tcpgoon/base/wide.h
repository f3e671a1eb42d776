/* SPDX-License-Identifier: MIT */
/* 128 bits, for products and sums of squares that must stay exact. */
#ifndef TCPGOON_BASE_WIDE_H
#define TCPGOON_BASE_WIDE_H

/* A compiler's extension, said once here so that -Wpedantic stays of use elsewhere. */
__extension__ typedef unsigned __int128 uint128;

#endif

/* SPDX-License-Identifier: MIT */
/* 128 bits, for products and sums of squares that must stay exact. */
#ifndef TCPGOON_BASE_WIDE_H
#define TCPGOON_BASE_WIDE_H

/* A compiler extension, marked here once so that -Wpedantic stays useful elsewhere. */
__extension__ typedef unsigned __int128 uint128;

#endif

/* SPDX-License-Identifier: MIT */
/* What a server counted, as text. */
#ifndef TCPGOON_CLI_SERVER_TOTALS_H
#define TCPGOON_CLI_SERVER_TOTALS_H

#include <stdio.h>

#include "tcpgoon/server/totals.h"

/* Prints one line per count. */
void server_totals_print_lines(FILE *out, const struct server_totals *totals);
/* Prints one sentence: "Server: accepted 5, at most 5 open at once, ...". */
/* What only a behaviour (--behave) counts, the same way. */
void server_totals_print_behaviour(FILE *out, const struct server_totals *totals);

void server_totals_print_sentence(FILE *out, const struct server_totals *totals);

#endif

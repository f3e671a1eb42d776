/* SPDX-License-Identifier: MIT */
#include "cli/server_totals.h"

#include <inttypes.h>

void server_totals_print_lines(FILE *out, const struct server_totals *totals)
{
	fprintf(out,
		"Total accepted connections: %" PRIu64 "\n"
		"Max concurrent open connections: %" PRIu64 "\n"
		"Connections closed by the peer: %" PRIu64 "\n"
		"Connections reset by the peer: %" PRIu64 "\n",
		totals->accepted, totals->max_open, totals->closed_by_peer, totals->reset_by_peer);
}

void server_totals_print_sentence(FILE *out, const struct server_totals *totals)
{
	fprintf(out,
		"Server: accepted %" PRIu64 ", at most %" PRIu64 " open at once, %" PRIu64
		" closed by the peer, %" PRIu64 " reset by the peer\n",
		totals->accepted, totals->max_open, totals->closed_by_peer, totals->reset_by_peer);
}

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

void server_totals_print_behaviour(FILE *out, const struct server_totals *totals)
{
	fprintf(out,
		"Connections closed by the server: %" PRIu64 "\n"
		"Connections reset by the server: %" PRIu64 "\n"
		"Connections recycled: %" PRIu64 "\n"
		"Connections refused after the accept: %" PRIu64 "\n"
		"Connections that fell silent: %" PRIu64 "\n"
		"Connections open at the end: %" PRIu64 "\n"
		"Bytes received: %" PRIu64 "\n"
		"Bytes sent: %" PRIu64 "\n",
		totals->closed_by_us, totals->reset_by_us, totals->recycled, totals->refused,
		totals->silenced, totals->open, totals->received_bytes, totals->sent_bytes);
}

void server_totals_print_sentence(FILE *out, const struct server_totals *totals)
{
	fprintf(out,
		"Server: accepted %" PRIu64 ", at most %" PRIu64 " open at once, %" PRIu64
		" closed by the peer, %" PRIu64 " reset by the peer\n",
		totals->accepted, totals->max_open, totals->closed_by_peer, totals->reset_by_peer);
}

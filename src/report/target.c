/* SPDX-License-Identifier: MIT */
#include "report/target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/escape.h"

/* Writes the first bytes of a word given by the user, escaped for display. */
static void write_shown(FILE *out, const char *text, size_t length)
{
	char piece[ESCAPE_PIECE_MAX];
	const char *end = text + length;
	while (text < end && escape_next(&text, piece) > 0) {
		fputs(piece, out);
	}
}

void target_write(FILE *out, const struct result *result)
{
	const char *host = result->settings.host != NULL ? result->settings.host : "no host";
	if (result->target.any.sa_family == AF_UNSPEC) {
		escape_write(out, host);
		return;
	}
	size_t length = strlen(host);
	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	bool literal = memchr(host, ':', length) != NULL;
	fputs(literal ? "[" : "", out);
	write_shown(out, host, length);
	fputs(literal ? "]" : "", out);

	char address[ADDRESS_TEXT_MAX];
	address_format_host(&result->target, address);
	if (strlen(address) != length || memcmp(address, host, length) != 0) {
		fprintf(out, "(%s)", address);
	}
	fprintf(out, ":%u", (unsigned)address_port(&result->target));
}

char *target_text(const struct result *result)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	if (out == NULL) {
		return NULL;
	}
	target_write(out, result);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

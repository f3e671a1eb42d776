/* SPDX-License-Identifier: MIT */
/*
 * A line takes some 150 ns, where printf(3) with a dozen conversions takes a microsecond: so
 * numbers and IPv4 addresses are formatted here, and the text of another address is kept for the
 * next line. Fields are those of RFC 4180; lines end in LF (csv.c says why).
 */
#include "report/connection_lines.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/result/connection_list.h"

/* The longest line: two addresses, ten numbers, two words. */
#define LINE_MAX_BYTES 1024
#define BUFFER_BYTES 65536

/* An address of which each character might need another, and two quotes. */
#define HOST_TEXT_MAX (2 * ADDRESS_TEXT_MAX + 2)

/* The last address of a column that is not IPv4, and its text. */
struct host {
	struct address address;
	char text[HOST_TEXT_MAX];
};

/* Lines on their way to `out`. */
struct lines {
	FILE *out;
	size_t length;
	struct host source;
	struct host target;
	char buffer[BUFFER_BYTES];
};

static void flush(struct lines *lines)
{
	fwrite(lines->buffer, 1, lines->length, lines->out);
	lines->length = 0;
}

static void put_char(struct lines *lines, char character)
{
	lines->buffer[lines->length++] = character;
}

static void put_text(struct lines *lines, const char *text)
{
	size_t length = strlen(text);
	memcpy(lines->buffer + lines->length, text, length);
	lines->length += length;
}

#define DIGITS_MAX 20

static void put_number(struct lines *lines, uint64_t number)
{
	char digits[DIGITS_MAX];
	char *at = digits + sizeof(digits);
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	size_t length = (size_t)(digits + sizeof(digits) - at);
	memcpy(lines->buffer + lines->length, at, length);
	lines->length += length;
}

/* A field that may be empty, and the comma before it. */
static void put_field(struct lines *lines, uint64_t number)
{
	put_char(lines, ',');
	if (number != CONNECTION_UNKNOWN) {
		put_number(lines, number);
	}
}

static void put_ipv4(struct lines *lines, const struct sockaddr_in *address)
{
	uint32_t host = ntohl(address->sin_addr.s_addr);
	for (int shift = 24; shift >= 0; shift -= 8) {
		put_number(lines, host >> shift & 0xff);
		if (shift > 0) {
			put_char(lines, '.');
		}
	}
}

/* The name of a device, in a zone, may have commas and quotes. */
static void format_quoted(const struct address *address, char text[HOST_TEXT_MAX])
{
	char plain[ADDRESS_TEXT_MAX];
	address_format_host(address, plain);
	if (strpbrk(plain, ",\"") == NULL) {
		strcpy(text, plain);
		return;
	}
	*text++ = '"';
	for (const char *at = plain; *at != '\0'; at++) {
		if (*at == '"') {
			*text++ = '"';
		}
		*text++ = *at;
	}
	strcpy(text, "\"");
}

static void put_host(struct lines *lines, const struct address *address, struct host *last)
{
	if (address->any.sa_family == AF_INET) {
		put_ipv4(lines, &address->v4);
		return;
	}
	if (last->address.any.sa_family == AF_UNSPEC ||
		!address_same_host(&last->address, address)) {
		last->address = *address;
		format_quoted(address, last->text);
	}
	put_text(lines, last->text);
}

/* Two fields, empty where they are not known. */
static void put_address(struct lines *lines, const struct address *address, struct host *last)
{
	bool known = address->any.sa_family != AF_UNSPEC;
	put_char(lines, ',');
	if (known) {
		put_host(lines, address, last);
	}
	put_char(lines, ',');
	if (known && address_port(address) != 0) {
		put_number(lines, address_port(address));
	}
}

#define HEADER                                                                      \
	"number,source,source_port,target,target_port,due_ns,dialed_ns,connect_us," \
	"handshake_us,state,cause,ended_ns\n"

static void put_connection(struct lines *lines, const struct connection *connection)
{
	put_number(lines, connection->number);
	put_address(lines, &connection->source, &lines->source);
	put_address(lines, &connection->target, &lines->target);
	put_field(lines, connection->due_ns);
	put_field(lines, connection->dialed_ns);
	put_field(lines, connection->connect_us);
	put_field(lines, connection->handshake_us);
	put_char(lines, ',');
	put_text(lines, connection_state_name(connection->state));
	put_char(lines, ',');
	if (connection->cause != CAUSE_NONE) {
		put_text(lines, cause_name(connection->cause));
	}
	put_field(lines, connection->ended_ns);
	put_char(lines, '\n');
}

static void put_connections(struct lines *lines, const struct connection_list *list)
{
	for (uint64_t i = 0; i < list->count && !ferror(lines->out); i++) {
		struct connection connection;
		if (lines->length > BUFFER_BYTES - LINE_MAX_BYTES) {
			flush(lines);
		}
		connection_list_at(list, i, &connection);
		put_connection(lines, &connection);
	}
}

static int connections_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)verdict;
	/* Not on the stack, which may be small. */
	struct lines *lines = malloc(sizeof(*lines));
	if (lines == NULL) {
		return -ENOMEM;
	}
	lines->out = out;
	lines->length = 0;
	lines->source.address = lines->target.address = (struct address){0};
	put_text(lines, HEADER);
	if (result->connections != NULL) {
		put_connections(lines, result->connections);
	}
	flush(lines);
	free(lines);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

const struct report_ops report_connections = {
	.name = "connections",
	.extension = "csv",
	.summary = "each connection with its addresses, times, state and cause, as CSV",
	.mode = REPORT_WHOLE,
	.end = connections_end,
	.unstored = "a stored result has no single connections",
	.wants_connections = true,
	.ignores_verdict = true,
};

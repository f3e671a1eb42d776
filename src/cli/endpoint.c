/* SPDX-License-Identifier: MIT */
/*
 * Such words are refused, not accepted: a URL has a path and a scheme, which a test of TCP would
 * ignore, and "::1:8080" is an address.
 */
#include "cli/endpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A part of the text. */
struct part {
	const char *at;
	size_t length; /* 0: there is none */
};

struct endpoint {
	struct part scheme;
	struct part host; /* without brackets */
	struct part port;
	bool bare; /* only a host, perhaps in brackets */
};

static bool is_part(const struct part *part, const char *word)
{
	return strlen(word) == part->length && strncasecmp(part->at, word, part->length) == 0;
}

/* The default port of the scheme of a URL; NULL if unknown. */
static const char *scheme_port(const struct part *scheme)
{
	static const struct {
		const char *scheme;
		const char *port;
	} rows[] = {{"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}, {"ftp", "21"},
		{"ssh", "22"}, {"redis", "6379"}, {"mqtt", "1883"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (is_part(scheme, rows[i].scheme)) {
			return rows[i].port;
		}
	}
	return NULL;
}

static size_t count_of(const struct part *part, char wanted)
{
	size_t count = 0;
	for (size_t i = 0; i < part->length; i++) {
		count += part->at[i] == wanted;
	}
	return count;
}

/* Splits "host", "host:port", "[::1]" and "[::1]:port"; with several colons there is no port. */
static void part_authority(struct part authority, struct endpoint *endpoint)
{
	const char *close = authority.length > 0 && authority.at[0] == '['
		? memchr(authority.at, ']', authority.length)
		: NULL;
	const char *end = authority.at + authority.length;
	const char *colon = NULL;
	endpoint->host = authority;
	if (close != NULL) {
		endpoint->host = (struct part){
			.at = authority.at + 1, .length = (size_t)(close - authority.at) - 1};
		colon = close + 1 < end && close[1] == ':' ? close + 1 : NULL;
	} else if (count_of(&authority, ':') == 1) {
		colon = memchr(authority.at, ':', authority.length);
		endpoint->host.length = (size_t)(colon - authority.at);
	}
	if (colon != NULL) {
		endpoint->port =
			(struct part){.at = colon + 1, .length = (size_t)(end - colon) - 1};
		endpoint->bare = false;
	}
}

static struct endpoint part_text(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789+.-";
	struct endpoint endpoint = {.bare = true};
	size_t scheme_length = strspn(text, letters);
	if (scheme_length > 0 && strncmp(text + scheme_length, "://", 3) == 0) {
		endpoint.scheme = (struct part){.at = text, .length = scheme_length};
		endpoint.bare = false;
		text += scheme_length + 3;
	}
	struct part authority = {.at = text, .length = strcspn(text, "/?#")};
	endpoint.bare &= text[authority.length] == '\0';
	const char *at_sign = memrchr(authority.at, '@', authority.length);
	if (at_sign != NULL) {
		authority.length -= (size_t)(at_sign + 1 - authority.at);
		authority.at = at_sign + 1;
		endpoint.bare = false;
	}
	part_authority(authority, &endpoint);
	return endpoint;
}

int endpoint_refuse(
	const char *command, const char *text, const char *given_port, struct error *error)
{
	struct endpoint endpoint = part_text(text);
	if (endpoint.bare || endpoint.host.length == 0) {
		return 0;
	}
	char port[32] = "<port>";
	const char *known = scheme_port(&endpoint.scheme);
	if (given_port != NULL) {
		snprintf(port, sizeof(port), "%s", given_port);
	} else if (endpoint.port.length > 0) {
		snprintf(port, sizeof(port), "%.*s", (int)endpoint.port.length, endpoint.port.at);
	} else if (known != NULL) {
		snprintf(port, sizeof(port), "%s", known);
	}
	/* In a URL, the "%" before an interface is written "%25" (RFC 6874). */
	const struct part *host = &endpoint.host;
	const char *zone = memmem(host->at, host->length, "%25", 3);
	size_t before = zone != NULL ? (size_t)(zone - host->at) + 1 : host->length;
	size_t behind = zone != NULL ? before + 2 : host->length;
	const char *kind = endpoint.scheme.length > 0 ? "is a URL"
		: endpoint.port.length > 0            ? "is a host with its port"
						      : "is more than a host";
	return error_set(error, -EINVAL,
		"'%s' %s; %s takes host and port separately: give 'tcpgoon %s %.*s%.*s %s'", text,
		kind, command, command, (int)before, host->at, (int)(host->length - behind),
		host->at + behind, port);
}

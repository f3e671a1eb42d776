/* SPDX-License-Identifier: MIT */
/*
 * Texts that cannot be a name are refused here: a resolver would ask a server for them, and only
 * say that there is no such name.
 *
 * Letters beyond ASCII are converted by calling libidn2, not by AI_IDN of getaddrinfo(), which
 * needs a UTF-8 locale: scripts, containers and cron jobs run in the C locale.
 */
#include "net/hostname.h"

#include <errno.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/escape.h"

#define NAME_LENGTH_MAX 253
#define LABEL_LENGTH_MAX 63

static int refuse_character(const char *host, const char *at, struct error *error)
{
	char piece[ESCAPE_PIECE_MAX];
	const char *cursor = at;
	escape_next(&cursor, piece);
	switch (*at) {
	case ' ':
	case '\t':
		return error_set(error, -EINVAL, "host '%s' contains a blank: remove it", host);
	case ':':
		return error_set(error, -EINVAL,
			"host '%s' is not an IPv6 address, and names have no ':'", host);
	case '%':
		return error_set(error, -EINVAL,
			"host '%s' is not a name: only link-local IPv6 addresses take an "
			"interface, as in fe80::1%%eth0",
			host);
	case '[':
	case ']':
		return error_set(error, -EINVAL,
			"host '%s' is not an IPv6 address: nothing else may be in brackets", host);
	default:
		return error_set(
			error, -EINVAL, "host '%s' is not a name: names have no '%s'", host, piece);
	}
}

/* Finds ASCII characters that no name has. Other characters are left to libidn2. */
static const char *find_wrong(const char *host)
{
	for (; *host != '\0'; host++) {
		unsigned char c = (unsigned char)*host;
		if (c <= ' ' || c == 0x7f || strchr("%:/?#@[]\\\"'<>|,;", c) != NULL) {
			return host;
		}
	}
	return NULL;
}

static int check_labels(const char *host, const char *ascii, struct error *error)
{
	size_t length = strlen(ascii);
	if (length > 0 && ascii[length - 1] == '.') {
		length--; /* the root */
	}
	if (length > NAME_LENGTH_MAX) {
		return error_set(error, -EINVAL,
			"host '%s' has %zu characters; a name has at most %d", host, length,
			NAME_LENGTH_MAX);
	}
	for (size_t at = 0; at <= length;) {
		size_t label = strcspn(ascii + at, ".");
		if (label == 0) {
			return error_set(error, -EINVAL,
				"host '%s' is not a name: it has nothing before one of its dots",
				host);
		}
		if (label > LABEL_LENGTH_MAX) {
			return error_set(error, -EINVAL,
				"host '%s' is not a name: its part '%.*s' has %zu characters; a "
				"part has at most %d",
				host, (int)label, ascii + at, label, LABEL_LENGTH_MAX);
		}
		at += label + 1;
	}
	return 0;
}

/* Only digits and dots: not a name, and, as that was tried before, not an address. */
static bool is_numbers(const char *ascii)
{
	return ascii[strspn(ascii, "0123456789.")] == '\0';
}

/* True if it has letters beyond ASCII, in UTF-8. */
static bool is_international(const char *host)
{
	bool beyond = false;
	for (const char *at = host; *at != '\0'; at++) {
		beyond |= (*at & 0x80) != 0;
	}
	return beyond && u8_check((const uint8_t *)host, strlen(host)) == NULL;
}

static void cleanup_idn2(uint8_t *const *converted)
{
	idn2_free(*converted);
}

int hostname_to_ascii(const char *host, char ret_ascii[HOSTNAME_MAX], struct error *error)
{
	if (host[0] == '\0') {
		return error_set(error, -EINVAL, "the host is empty: give a name or an address");
	}
	const char *wrong = find_wrong(host);
	if (wrong != NULL) {
		return refuse_character(host, wrong, error);
	}
	CLEANUP(cleanup_idn2) uint8_t *converted = NULL;
	const char *ascii = host;
	if (is_international(host)) {
		int status = idn2_lookup_u8(
			(const uint8_t *)host, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		if (status != IDN2_OK) {
			return error_set(error, -EINVAL,
				"host '%s' is not an international name (IDNA 2008): %s", host,
				idn2_strerror(status));
		}
		ascii = (const char *)converted;
	}
	int r = check_labels(host, ascii, error);
	if (r < 0) {
		return r;
	}
	if (is_numbers(ascii)) {
		return error_set(error, -EINVAL,
			"host '%s' is not an IPv4 address, which is four numbers from 0 to 255 "
			"separated by dots",
			host);
	}
	snprintf(ret_ascii, HOSTNAME_MAX, "%s", ascii);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* One IPv4 or IPv6 address with a port, and its text. */
#ifndef TCPGOON_BASE_ADDRESS_H
#define TCPGOON_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpgoon/base/error.h"

/* A sockaddr no longer than needed: 28 bytes, where sockaddr_storage has 128. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* Enough for the longest text, "[ADDRESS%zone]:port", and its NUL. */
#define ADDRESS_TEXT_MAX 80

/*
 * Parses a literal: "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "[::1]". No name is looked up.
 * A zone is an interface of this host, by name or number. Only link-local addresses take one.
 * Within brackets "%" may be written "%25" (RFC 6874).
 * Returns 0, -EINVAL (not a literal: the caller may try a resolver), -ENODEV (a literal whose zone
 * is no interface of this host) or -EDOM (a literal that takes no zone). Sets no message.
 */
int address_parse_literal(const char *text, uint16_t port, struct address *ret_address);

/* True for a link-local address without a zone. */
bool address_lacks_zone(const struct address *address);

/*
 * Writes what is wrong with a literal: -ENODEV or -EDOM from address_parse_literal(), or
 * -EADDRNOTAVAIL for one that lacks its zone. Returns `code`.
 */
int address_explain_literal(int code, const char *text, struct error *error);

/* Turns IPv4 written as IPv6 (::ffff:192.0.2.1) into IPv4, which is what goes on the wire. */
void address_unmap(struct address *address);

/* Copies a sockaddr from the kernel or the resolver. Returns 0 or -EAFNOSUPPORT. */
int address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address);

/* All functions below take an address that is IPv4 or IPv6, as the two above return it. */

socklen_t address_length(const struct address *address);
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
/* 127.0.0.0/8, also as ::ffff:127.0.0.0/104, or ::1. */
bool address_is_loopback(const struct address *address);
/* 0.0.0.0 or ::. */
bool address_is_any(const struct address *address);
/* True for addresses that no host has: multicast, and 255.255.255.255. */
bool address_is_multicast(const struct address *address);
bool address_is_limited_broadcast(const struct address *address);

/* Same family, host part and zone; the port does not count. */
bool address_same_host(const struct address *a, const struct address *b);

/* The host part plus `offset`, as a big-endian number; carries within 32 bits (v4) or 64 (v6). */
struct address address_plus(const struct address *address, uint64_t offset);

/*
 * The distance for which address_plus(from, distance) is `to`. UINT64_MAX if there is none: `to` is
 * below `from`, in another family or zone, or beyond what address_plus() carries.
 */
uint64_t address_distance(const struct address *from, const struct address *to);

/* The host alone, without brackets: "127.0.0.1", "::1", "fe80::1%eth0". Returns `buffer`. */
char *address_format_host(const struct address *address, char buffer[ADDRESS_TEXT_MAX]);
/* Host and port: "127.0.0.1:80", "[::1]:80". Returns `buffer`. */
char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_MAX]);

#endif

/* SPDX-License-Identifier: MIT */
/* One IPv4 or IPv6 address with a port, and its text. */
#ifndef TCPGOON_BASE_ADDRESS_H
#define TCPGOON_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpgoon/base/error.h"

/* A sockaddr that is as long as it needs to be: 28 bytes against sockaddr_storage's 128. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* Room for the longest, "[ADDRESS%zone]:port", with its end. */
#define ADDRESS_TEXT_MAX 80

/*
 * Parses a literal: "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "[::1]". No name is looked up.
 * A zone is an interface of this host, by name or number, and only link-local addresses take one;
 * within brackets "%25" does for "%" (RFC 6874).
 * Returns 0, -EINVAL (not a literal; the caller may go on to a resolver), -ENODEV (a literal, but
 * there is no such interface) or -EDOM (a literal that takes none). No message is set.
 */
int address_parse_literal(const char *text, uint16_t port, struct address *ret_address);

/* A link-local address that does not say on which link. */
bool address_lacks_zone(const struct address *address);

/*
 * Says what is wrong with such a literal: -ENODEV and -EDOM of the above, -EADDRNOTAVAIL where it
 * lacks its zone. Returns `code`.
 */
int address_explain_literal(int code, const char *text, struct error *error);

/* IPv4 written as IPv6 (::ffff:192.0.2.1) becomes IPv4: that is what is sent. */
void address_unmap(struct address *address);

/* From a sockaddr of the kernel or resolver. Returns 0 or -EAFNOSUPPORT. */
int address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address);

/* From here on an address is one that the two above have filled: IPv4 or IPv6. */

socklen_t address_length(const struct address *address);
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
/* 127.0.0.0/8, also as ::ffff:127.0.0.0/104, or ::1. */
bool address_is_loopback(const struct address *address);
/* 0.0.0.0 or ::. */
bool address_is_any(const struct address *address);
/* A multicast address, or 255.255.255.255: no host has it. */
bool address_is_multicast(const struct address *address);
bool address_is_limited_broadcast(const struct address *address);

/* Same family, host part and zone; the port does not count. */
bool address_same_host(const struct address *a, const struct address *b);

/* The host part plus `offset`, as a big-endian number; carries within 32 bits (v4) or 64 (v6). */
struct address address_plus(const struct address *address, uint64_t offset);

/*
 * How far the host part of `to` lies above that of `from`, so that address_plus(from, distance)
 * is `to`; UINT64_MAX where it lies below, in another family or zone, or beyond what address_plus
 * carries.
 */
uint64_t address_distance(const struct address *from, const struct address *to);

/* The host alone, without brackets: "127.0.0.1", "::1", "fe80::1%eth0". Returns `buffer`. */
char *address_format_host(const struct address *address, char buffer[ADDRESS_TEXT_MAX]);
/* Host and port: "127.0.0.1:80", "[::1]:80". Returns `buffer`. */
char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_MAX]);

#endif

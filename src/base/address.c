/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* The longest is "[", 45 characters, "%", 15 characters, "]:65535" and the NUL. */
static_assert(ADDRESS_TEXT_MAX >= INET6_ADDRSTRLEN + IF_NAMESIZE + 9, "no room for an address");

/* Finds an interface by name, or by number as the kernel prints it. Returns 0 if there is none. */
static uint32_t zone_index(const char *zone)
{
	uint32_t index = if_nametoindex(zone);
	uint64_t number = 0;
	if (index != 0) {
		return index;
	}
	const char *cursor = zone;
	for (; *cursor >= '0' && *cursor <= '9' && number <= UINT32_MAX; cursor++) {
		number = number * 10 + (uint64_t)(*cursor - '0');
	}
	char name[IF_NAMESIZE];
	bool exists = cursor != zone && *cursor == '\0' && number <= UINT32_MAX &&
		if_indextoname((uint32_t)number, name) != NULL;
	return exists ? (uint32_t)number : 0;
}

/* URLs write "%" as "%25" (RFC 6874); an interface that really has that name wins. */
static uint32_t bracketed_zone_index(const char *zone)
{
	uint32_t index = zone_index(zone);
	if (index == 0 && strncmp(zone, "25", 2) == 0) {
		index = zone_index(zone + 2);
	}
	return index;
}

/* A zone is meaningful only if the same address can exist on every link. */
static bool takes_zone(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_LINKLOCAL(address);
}

static int parse_v6(char *text, bool brackets, uint16_t port, struct address *ret_address)
{
	char *zone = strchr(text, '%');
	if (zone != NULL) {
		*zone++ = '\0';
	}
	struct address address = {
		.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)},
	};
	if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) != 1) {
		return -EINVAL;
	}
	if (zone != NULL) {
		if (!takes_zone(&address.v6.sin6_addr)) {
			return -EDOM;
		}
		address.v6.sin6_scope_id = brackets ? bracketed_zone_index(zone) : zone_index(zone);
		if (address.v6.sin6_scope_id == 0) {
			return -ENODEV;
		}
	}
	*ret_address = address;
	return 0;
}

int address_parse_literal(const char *text, uint16_t port, struct address *ret_address)
{
	struct address v4 = {
		.v4 = {.sin_family = AF_INET, .sin_port = htons(port)},
	};
	if (inet_pton(AF_INET, text, &v4.v4.sin_addr) == 1) {
		*ret_address = v4;
		return 0;
	}
	size_t length = strlen(text);
	bool brackets = length >= 2 && text[0] == '[' && text[length - 1] == ']';
	if (brackets) {
		text++;
		length -= 2;
	}
	char bare[ADDRESS_TEXT_MAX];
	if (length >= sizeof(bare)) {
		return -EINVAL;
	}
	memcpy(bare, text, length);
	bare[length] = '\0';
	return parse_v6(bare, brackets, port, ret_address);
}

/* Lists the interfaces of this host, as many as fit, and picks one as an example. */
static void list_interfaces(char *list, size_t size, char example[IF_NAMESIZE])
{
	size_t used = 0;
	struct if_nameindex *all = if_nameindex();
	list[0] = '\0';
	snprintf(example, IF_NAMESIZE, "eth0");
	for (size_t i = 0; all != NULL && all[i].if_index != 0 && used < size; i++) {
		used += (size_t)snprintf(
			list + used, size - used, "%s%s", i > 0 ? ", " : "", all[i].if_name);
		if (i == 0 || strcmp(example, "lo") == 0) {
			snprintf(example, IF_NAMESIZE, "%s", all[i].if_name);
		}
	}
	if (all != NULL) {
		if_freenameindex(all);
	}
}

int address_explain_literal(int code, const char *text, struct error *error)
{
	const char *bare = text[0] == '[' ? text + 1 : text;
	int length = (int)strcspn(bare, "%]");
	const char *zone = bare[length] == '%' ? bare + length + 1 : "";
	char list[256];
	char example[IF_NAMESIZE];
	list_interfaces(list, sizeof(list), example);
	if (code == -ENODEV) {
		return error_set(error, code, "'%s': this host has no interface '%.*s'; it has %s",
			text, (int)strcspn(zone, "]"), zone, list);
	}
	if (code == -EDOM) {
		return error_set(error, code,
			"'%s': only a link-local address (fe80::/10) takes an interface: give %.*s",
			text, length, bare);
	}
	return error_set(error, code,
		"'%s' is a link-local address, which may exist on every link: name its interface, "
		"as in %.*s%%%s (this host has %s)",
		text, length, bare, example, list);
}

int address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address)
{
	struct address address = {0};
	switch (sockaddr->sa_family) {
	case AF_INET:
		memcpy(&address.v4, sockaddr, sizeof(address.v4));
		break;
	case AF_INET6:
		memcpy(&address.v6, sockaddr, sizeof(address.v6));
		break;
	default:
		return -EAFNOSUPPORT;
	}
	*ret_address = address;
	return 0;
}

bool address_lacks_zone(const struct address *address)
{
	return address->any.sa_family == AF_INET6 &&
		IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr) && address->v6.sin6_scope_id == 0;
}

void address_unmap(struct address *address)
{
	if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
		return;
	}
	struct address v4 = {.v4 = {.sin_family = AF_INET, .sin_port = address->v6.sin6_port}};
	memcpy(&v4.v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], sizeof(v4.v4.sin_addr));
	*address = v4;
}

static bool is_v4(const struct address *address)
{
	assert(address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6);
	return address->any.sa_family == AF_INET;
}

socklen_t address_length(const struct address *address)
{
	return is_v4(address) ? sizeof(address->v4) : sizeof(address->v6);
}

uint16_t address_port(const struct address *address)
{
	return ntohs(is_v4(address) ? address->v4.sin_port : address->v6.sin6_port);
}

void address_set_port(struct address *address, uint16_t port)
{
	if (is_v4(address)) {
		address->v4.sin_port = htons(port);
	} else {
		address->v6.sin6_port = htons(port);
	}
}

bool address_is_loopback(const struct address *address)
{
	if (is_v4(address)) {
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	const struct in6_addr *v6 = &address->v6.sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(v6) ||
		(IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}

bool address_is_any(const struct address *address)
{
	if (is_v4(address)) {
		return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	}
	return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

bool address_is_multicast(const struct address *address)
{
	return is_v4(address) ? IN_MULTICAST(ntohl(address->v4.sin_addr.s_addr))
			      : IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr);
}

bool address_is_limited_broadcast(const struct address *address)
{
	return is_v4(address) && address->v4.sin_addr.s_addr == htonl(INADDR_BROADCAST);
}

bool address_same_host(const struct address *a, const struct address *b)
{
	if (is_v4(a) != is_v4(b)) {
		return false;
	}
	if (is_v4(a)) {
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	}
	return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
		a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

/* The part of the address that address_plus() counts in. */
static uint64_t low_half(const struct address *address)
{
	if (is_v4(address)) {
		return ntohl(address->v4.sin_addr.s_addr);
	}
	uint64_t half;
	memcpy(&half, &address->v6.sin6_addr.s6_addr[8], sizeof(half));
	return be64toh(half);
}

struct address address_plus(const struct address *address, uint64_t offset)
{
	struct address sum = *address;
	if (is_v4(address)) {
		sum.v4.sin_addr.s_addr = htonl((uint32_t)(low_half(address) + offset));
		return sum;
	}
	uint64_t half = htobe64(low_half(address) + offset);
	memcpy(&sum.v6.sin6_addr.s6_addr[8], &half, sizeof(half));
	return sum;
}

uint64_t address_distance(const struct address *from, const struct address *to)
{
	if (is_v4(from) != is_v4(to)) {
		return UINT64_MAX;
	}
	if (!is_v4(from) &&
		(memcmp(&from->v6.sin6_addr, &to->v6.sin6_addr, 8) != 0 ||
			from->v6.sin6_scope_id != to->v6.sin6_scope_id)) {
		return UINT64_MAX;
	}
	uint64_t low = low_half(from);
	uint64_t high = low_half(to);
	return high >= low ? high - low : UINT64_MAX;
}

/* The kernel allows anything in an interface name except blanks, '/' and ':'. */
static bool is_plain(const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name <= ' ' || *name > '~' || *name == '%' || *name == ']') {
			return false;
		}
	}
	return true;
}

char *address_format_host(const struct address *address, char buffer[ADDRESS_TEXT_MAX])
{
	if (is_v4(address)) {
		inet_ntop(AF_INET, &address->v4.sin_addr, buffer, ADDRESS_TEXT_MAX);
		return buffer;
	}
	inet_ntop(AF_INET6, &address->v6.sin6_addr, buffer, ADDRESS_TEXT_MAX);
	if (address->v6.sin6_scope_id != 0 && takes_zone(&address->v6.sin6_addr)) {
		size_t used = strlen(buffer);
		char name[IF_NAMESIZE];
		if (if_indextoname(address->v6.sin6_scope_id, name) != NULL && is_plain(name)) {
			snprintf(buffer + used, ADDRESS_TEXT_MAX - used, "%%%s", name);
		} else {
			snprintf(buffer + used, ADDRESS_TEXT_MAX - used, "%%%u",
				address->v6.sin6_scope_id);
		}
	}
	return buffer;
}

char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_MAX])
{
	char host[ADDRESS_TEXT_MAX];
	address_format_host(address, host);
	int length = snprintf(buffer, ADDRESS_TEXT_MAX, is_v4(address) ? "%s:%u" : "[%s]:%u", host,
		address_port(address));
	assert(length < ADDRESS_TEXT_MAX);
	(void)length;
	return buffer;
}

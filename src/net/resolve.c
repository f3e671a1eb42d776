/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

static int resolve_literal(
	const struct address *literal, struct address **ret_list, size_t *ret_count)
{
	struct address *list = malloc(sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	*list = *literal;
	*ret_list = list;
	*ret_count = 1;
	return 0;
}

static bool list_has(const struct address *list, size_t count, const struct address *address)
{
	for (size_t i = 0; i < count; i++) {
		if (address_same_host(&list[i], address)) {
			return true;
		}
	}
	return false;
}

static int list_from_addrinfo(
	const struct addrinfo *info, struct address **ret_list, size_t *ret_count)
{
	size_t most = 0;
	for (const struct addrinfo *it = info; it != NULL; it = it->ai_next) {
		most++;
	}
	struct address *list = calloc(most, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	size_t count = 0;
	for (const struct addrinfo *it = info; it != NULL; it = it->ai_next) {
		struct address address;
		if (address_from_sockaddr(it->ai_addr, &address) == 0 &&
			!list_has(list, count, &address)) {
			list[count++] = address;
		}
	}
	*ret_list = list;
	*ret_count = count;
	return 0;
}

int resolve_host(
	const char *host, struct address **ret_list, size_t *ret_count, struct error *error)
{
	struct address literal;
	if (address_parse_literal(host, 0, &literal) == 0) {
		return resolve_literal(&literal, ret_list, ret_count);
	}

	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *info = NULL;
	int status = getaddrinfo(host, NULL, &hints, &info);
	if (status == EAI_MEMORY) {
		return error_set(error, -ENOMEM, "out of memory while resolving '%s'", host);
	}
	if (status != 0) {
		const char *why = status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status);
		return error_set(error, -ENOENT, "host '%s' cannot be resolved: %s", host, why);
	}
	int r = list_from_addrinfo(info, ret_list, ret_count);
	freeaddrinfo(info);
	if (r < 0) {
		return error_set(error, r, "out of memory while resolving '%s'", host);
	}
	return 0;
}

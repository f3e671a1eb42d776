/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/ports.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/procfile.h"
#include "tcpgoon/net/sockdiag.h"

/* Reads a port at *cursor and moves past it. Returns 0 or -EBADMSG. */
static int read_port(const char **cursor, uint16_t *ret_port)
{
	if (**cursor < '0' || **cursor > '9') {
		return -EBADMSG;
	}
	char *end;
	unsigned long value = strtoul(*cursor, &end, 10);
	if (value > UINT16_MAX) {
		return -EBADMSG;
	}
	*cursor = end;
	*ret_port = (uint16_t)value;
	return 0;
}

void ports_parse_reserved(const char *text, struct port_set *set)
{
	const char *cursor = text;
	uint16_t low;
	while (read_port(&cursor, &low) == 0) {
		uint16_t high = low;
		if (*cursor == '-') {
			cursor++;
			if (read_port(&cursor, &high) < 0) {
				return;
			}
		}
		for (uint32_t port = low; port <= high; port++) {
			port_set_add(set, (uint16_t)port);
		}
		if (*cursor != ',') {
			return;
		}
		cursor++;
	}
}

int ports_parse_automatic(const char *text, uint16_t *ret_low, uint16_t *ret_high)
{
	const char *cursor = text;
	uint16_t low;
	uint16_t high;
	if (read_port(&cursor, &low) < 0) {
		return -EBADMSG;
	}
	while (*cursor == ' ' || *cursor == '\t') {
		cursor++;
	}
	if (read_port(&cursor, &high) < 0 || low == 0 || low > high) {
		return -EBADMSG;
	}
	*ret_low = low;
	*ret_high = high;
	return 0;
}

static void add_listener(void *context, const struct sockdiag_socket *socket)
{
	port_set_add(context, address_port(&socket->source));
}

/* Listening sockets have their own table in the kernel: established ones cost nothing here. */
static void find_listening(struct port_set *set, int family)
{
	CLEANUP(sockdiag_close) struct sockdiag diag = SOCKDIAG_INIT;
	CLEANUP(cleanup_free) char *buffer = malloc(SOCKDIAG_BUFFER_SIZE);
	if (buffer == NULL || sockdiag_open(&diag) < 0) {
		return;
	}
	const struct sockdiag_query query = {
		.family = family,
		.states = 1 << TCP_LISTEN,
		.visit = add_listener,
		.context = set,
	};
	int r = sockdiag_begin(&diag, &query) < 0 ? 0 : 1;
	while (r > 0) {
		r = sockdiag_next(&diag, buffer, SOCKDIAG_BUFFER_SIZE);
	}
}

void ports_read(struct ports_policy *ret_policy)
{
	*ret_policy = (struct ports_policy){0};
	char *text;
	if (procfile_read("/proc/sys/net/ipv4/ip_local_port_range", &text) == 0) {
		/* If it makes no sense, the zeros stay: not known. */
		(void)ports_parse_automatic(
			text, &ret_policy->automatic_low, &ret_policy->automatic_high);
		free(text);
	}
	if (procfile_read("/proc/sys/net/ipv4/ip_local_reserved_ports", &text) == 0) {
		ports_parse_reserved(text, &ret_policy->reserved);
		free(text);
	}
	find_listening(&ret_policy->listening, AF_INET);
	find_listening(&ret_policy->listening, AF_INET6);
}

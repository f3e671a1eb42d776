/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/targets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/resolve.h"

#define PORT_MAX 65535

/* Reads decimal digits at *cursor as a port and moves past them; false if there are none. */
static bool parse_port(const char **cursor, unsigned *ret_port)
{
	const char *at = *cursor;
	unsigned value = 0;
	while (*at >= '0' && *at <= '9' && value <= PORT_MAX) {
		value = value * 10 + (unsigned)(*at++ - '0');
	}
	if (at == *cursor || value < 1 || value > PORT_MAX) {
		return false;
	}
	*cursor = at;
	*ret_port = value;
	return true;
}

/* Reads "LOW" or "LOW-HIGH" in either order, and moves past the comma after it, if any. */
static bool parse_port_range(const char **cursor, unsigned *ret_low, unsigned *ret_high)
{
	unsigned low;
	if (!parse_port(cursor, &low)) {
		return false;
	}
	unsigned high = low;
	if (**cursor == '-') {
		(*cursor)++;
		if (!parse_port(cursor, &high)) {
			return false;
		}
	}
	if (**cursor == ',' && (*cursor)[1] != '\0') {
		(*cursor)++;
	} else if (**cursor != '\0') {
		return false;
	}
	*ret_low = low;
	*ret_high = high;
	return true;
}

static int refuse_ports(const char *text, struct error *error)
{
	uint16_t number;
	if (resolve_service(text, &number) == 0) {
		return error_set(error, -EINVAL,
			"port '%s' is the name of a service: give its number, %u", text,
			(unsigned)number);
	}
	return error_set(error, -EINVAL,
		"port '%s' is not a number from 1 to 65535, a range like 8000-8003, "
		"or a list of these like 8000,8001",
		text);
}

/*
 * Marks each port of the text in `wanted`, which has PORT_MAX + 1 entries: a port given twice is
 * dialled once.
 */
static int parse_ports(const char *text, bool *wanted, size_t *ret_count, struct error *error)
{
	const char *cursor = text;
	size_t count = 0;
	do {
		unsigned low;
		unsigned high;
		if (!parse_port_range(&cursor, &low, &high)) {
			return refuse_ports(text, error);
		}
		if (low > high) {
			return error_set(error, -EINVAL,
				"port '%s': %u-%u is not ascending: give the lower port first",
				text, low, high);
		}
		for (unsigned port = low; port <= high; port++) {
			count += !wanted[port];
			wanted[port] = true;
		}
	} while (*cursor != '\0');
	*ret_count = count;
	return 0;
}

static int fill(struct targets *targets, const struct address *hosts, size_t host_count,
	const bool *wanted, size_t port_count)
{
	struct address *list = calloc(host_count * port_count + 1, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	size_t count = 0;
	for (unsigned port = 1; port <= PORT_MAX; port++) {
		for (size_t host = 0; wanted[port] && host < host_count; host++) {
			list[count] = hosts[host];
			address_set_port(&list[count], (uint16_t)port);
			count++;
		}
	}
	targets->list = list;
	targets->count = count;
	return 0;
}

int targets_init(struct targets *targets, const struct address *hosts, size_t host_count,
	const char *ports, struct error *error)
{
	*targets = (struct targets)TARGETS_INIT;

	/* Not on the stack: it would fill a stack of 64 KiB (`ulimit -s 64`). */
	CLEANUP(cleanup_free) bool *wanted = calloc(PORT_MAX + 1, sizeof(*wanted));
	if (wanted == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the ports");
	}
	size_t port_count = 0;
	int r = parse_ports(ports, wanted, &port_count, error);
	if (r < 0) {
		return r;
	}
	r = fill(targets, hosts, host_count, wanted, port_count);
	if (r < 0) {
		return error_set(
			error, r, "out of memory for %zu targets", host_count * port_count);
	}
	return 0;
}

int targets_check_ports(const char *ports, struct error *error)
{
	struct targets none;
	int r = targets_init(&none, NULL, 0, ports, error);
	targets_finish(&none);
	return r;
}

void targets_finish(struct targets *targets)
{
	free(targets->list);
	*targets = (struct targets)TARGETS_INIT;
}

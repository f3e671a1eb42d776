/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/sources.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/route.h"

#define DISCARD_PORT 9

#define PORT_MIN 1024

/*
 * Binds to any free port, for when the kernel has none to choose: all in its range may be reserved
 * or in use.
 */
static int bind_to_any_port(int fd, const struct address *source, sa_family_t family)
{
	struct address from = {.any.sa_family = family};
	int r = -EADDRINUSE;
	if (source != NULL) {
		from = *source;
	}
	for (uint32_t port = PORT_MIN; r < 0 && port <= UINT16_MAX; port++) {
		address_set_port(&from, (uint16_t)port);
		r = bind(fd, &from.any, address_length(&from)) < 0 ? -errno : 0;
		if (r < 0 && r != -EADDRINUSE && r != -EACCES) {
			break;
		}
	}
	return r;
}

static int connect_from(int fd, const struct address *source, const struct address *target)
{
	if ((source != NULL && bind(fd, &source->any, address_length(source)) < 0) ||
		connect(fd, &target->any, address_length(target)) < 0) {
		return -errno;
	}
	return 0;
}

/* Connects the socket and reads both of its ends. */
static int connect_udp(int fd, const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled)
{
	socklen_t source_length = sizeof(*ret_source);
	socklen_t dialled_length = sizeof(*ret_dialled);
	int r = connect_from(fd, source, target);
	if (r == -EAGAIN || r == -EADDRINUSE) {
		r = bind_to_any_port(fd, source, target->any.sa_family);
		if (r == 0 && connect(fd, &target->any, address_length(target)) < 0) {
			r = -errno;
		}
	}
	if (r < 0) {
		return r;
	}
	if (getsockname(fd, &ret_source->any, &source_length) < 0 ||
		getpeername(fd, &ret_dialled->any, &dialled_length) < 0) {
		return -errno;
	}
	return 0;
}

int sources_route(const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled)
{
	struct address probe = *target;
	if (address_port(&probe) == 0) {
		address_set_port(&probe, DISCARD_PORT);
	}
	CLEANUP(cleanup_close) int fd = socket(probe.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	struct address from = {0};
	struct address to = {0};
	int r = connect_udp(fd, source, &probe, &from, &to);
	if (r < 0) {
		return r;
	}
	if (ret_source != NULL) {
		address_set_port(&from, 0);
		*ret_source = from;
	}
	if (ret_dialled != NULL) {
		address_set_port(&to, address_port(target));
		*ret_dialled = to;
	}
	return 0;
}

int sources_preferred(const struct address *target, struct address *ret_source)
{
	return sources_route(NULL, target, ret_source, NULL);
}

int sources_check(const struct address *source)
{
	struct address any_port = *source;
	address_set_port(&any_port, 0);
	CLEANUP(cleanup_close)
	int fd = socket(any_port.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	/* Check only the address: finding a port too would fail if all are in use. */
	const int on = 1;
	bool bound = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
		bind(fd, &any_port.any, address_length(&any_port)) == 0;
	return bound ? 0 : -errno;
}

int sources_is_local(const struct address *target)
{
	struct route route;
	int r = route_find(NULL, target, &route);
	return r < 0 ? r : route.local;
}

int sources_is_broadcast(const struct address *target)
{
	struct route route;
	int r = route_find(NULL, target, &route);
	return r < 0 ? r : route.broadcast;
}

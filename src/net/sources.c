/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/sources.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_PORT 9

#define PORT_LEAST 1024

/*
 * Binds to whatever port can be had, where the kernel has none to pick: all that it picks from may be
 * reserved or in use.
 */
static int bind_to_any_port(int fd, const struct address *source, sa_family_t family)
{
	struct address from = {.any.sa_family = family};
	int r = -EADDRINUSE;
	if (source != NULL) {
		from = *source;
	}
	for (uint32_t port = PORT_LEAST; r < 0 && port <= UINT16_MAX; port++) {
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

/* Connects the UDP socket and reads both of its ends. */
static int route(int fd, const struct address *source, const struct address *target,
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
	int fd = socket(probe.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	struct address from = {0};
	struct address to = {0};
	int r = route(fd, source, &probe, &from, &to);
	close(fd);
	if (r == 0 && ret_source != NULL) {
		address_set_port(&from, 0);
		*ret_source = from;
	}
	if (r == 0 && ret_dialled != NULL) {
		address_set_port(&to, address_port(target));
		*ret_dialled = to;
	}
	return r;
}

int sources_preferred(const struct address *target, struct address *ret_source)
{
	return sources_route(NULL, target, ret_source, NULL);
}

int sources_check(const struct address *source)
{
	struct address any_port = *source;
	address_set_port(&any_port, 0);
	int fd = socket(any_port.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	/* The address alone: to find a free port as well would fail where all are in use. */
	const int on = 1;
	int r = 0;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
		bind(fd, &any_port.any, address_length(&any_port)) < 0) {
		r = -errno;
	}
	close(fd);
	return r;
}

/* The kernel's route to `target`, asked over rtnetlink. Returns its RTN_ type or a negative errno. */
static int route_type(int fd, const struct address *target)
{
	bool v4 = target->any.sa_family == AF_INET;
	const void *host = v4 ? (const void *)&target->v4.sin_addr : &target->v6.sin6_addr;
	size_t host_length = v4 ? sizeof(target->v4.sin_addr) : sizeof(target->v6.sin6_addr);
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t host[sizeof(struct in6_addr)];
	} request = {
		.header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = (unsigned char)target->any.sa_family,
			.rtm_dst_len = (unsigned char)(8 * host_length)},
		.attribute = {.rta_type = RTA_DST,
			.rta_len = (unsigned short)RTA_LENGTH(host_length)},
	};
	request.header.nlmsg_len = (uint32_t)(offsetof(__typeof__(request), host) + host_length);
	memcpy(request.host, host, host_length);
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0) {
		return -errno;
	}

	/* The kernel has answered when send() returns; the attributes behind may be cut off. */
	struct {
		struct nlmsghdr header;
		union {
			struct nlmsgerr error;
			struct rtmsg route;
		};
	} answer;
	ssize_t received = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (received < 0) {
		return -errno;
	}
	if (answer.header.nlmsg_type == NLMSG_ERROR) {
		return answer.error.error < 0 ? answer.error.error : -EBADMSG;
	}
	if (answer.header.nlmsg_type != RTM_NEWROUTE) {
		return -EBADMSG;
	}
	return answer.route.rtm_type;
}

/* Whether the route to `target` is of this type. */
static int is_of_type(const struct address *target, int wanted)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0) {
		return -errno;
	}
	int type = route_type(fd, target);
	close(fd);
	if (type == -ENETUNREACH || type == -EHOSTUNREACH) {
		return 0; /* there is no route */
	}
	return type < 0 ? type : type == wanted;
}

int sources_is_local(const struct address *target)
{
	return is_of_type(target, RTN_LOCAL);
}

int sources_is_broadcast(const struct address *target)
{
	return is_of_type(target, RTN_BROADCAST);
}

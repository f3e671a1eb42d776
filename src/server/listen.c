/* SPDX-License-Identifier: MIT */
#include "tcpgoon/server/server.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int explain_failure(int code, const struct address *address, struct error *error)
{
	char text[ADDRESS_TEXT_MAX];
	char host[ADDRESS_TEXT_MAX];
	address_format(address, text);
	address_format_host(address, host);
	switch (-code) {
	case EADDRINUSE:
		return error_set(error, code,
			"cannot listen on %s: another program does (which: 'ss -ltnp'); stop it "
			"or choose another port",
			text);
	case EADDRNOTAVAIL:
		return error_set(error, code,
			"cannot listen on %s: %s is not an address of this host (those are: 'ip address')",
			text, host);
	case EACCES:
		return error_set(error, code,
			"cannot listen on %s: port %u needs privilege (those from "
			"net.ipv4.ip_unprivileged_port_start on, 1024 as a rule, do not)",
			text, address_port(address));
	default:
		return error_set(error, code, "cannot listen on %s: %s", text, strerror(-code));
	}
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct address *address, bool both_families, int backlog)
{
	/*
	 * So that connections in TIME_WAIT do not block the port, not to share it. If the kernel
	 * chooses the port, the option would let it choose one that another socket has bound, up to
	 * a listener's.
	 */
	int r = address_port(address) == 0 ? 0 : set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && both_families) {
		r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	}
	if (r < 0) {
		return r;
	}
	if (bind(fd, &address->any, address_length(address)) < 0) {
		return -errno;
	}
	/* The kernel cuts it to net.core.somaxconn. */
	return listen(fd, backlog > 0 ? backlog : INT_MAX) < 0 ? -errno : 0;
}

static int open_at(const struct address *address, bool both_families, int backlog, int *ret_fd)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	int r = bind_and_listen(fd, address, both_families, backlog);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/*
 * Listens on every address: by an IPv6 socket that takes IPv4 too, or by IPv4 alone without IPv6.
 */
static int open_at_all(
	const struct server_settings *settings, struct address *ret_address, int *ret_fd)
{
	address_parse_literal("::", settings->port, ret_address);
	int r = open_at(ret_address, true, settings->backlog, ret_fd);
	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
		address_parse_literal("0.0.0.0", settings->port, ret_address);
		r = open_at(ret_address, false, settings->backlog, ret_fd);
	}
	return r;
}

static int bound_address(int fd, struct address *ret_address)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) {
		return -errno;
	}
	return address_from_sockaddr((struct sockaddr *)&storage, ret_address);
}

static int parse_listen(
	const struct server_settings *settings, struct address *ret_address, struct error *error)
{
	struct address address;
	int r = address_parse_literal(settings->listen, settings->port, &address);
	if (r == 0 && address_lacks_zone(&address)) {
		r = -EADDRNOTAVAIL;
	}
	if (r == -EINVAL) {
		return error_set(error, r,
			"--listen: '%s' is not an IPv4 or IPv6 address of this host, like 127.0.0.1 "
			"or ::1",
			settings->listen);
	}
	if (r < 0) {
		address_explain_literal(r, settings->listen, error);
		error_prefix(error, "--listen");
		return -EINVAL;
	}
	*ret_address = address;
	return 0;
}

int server_listen(const struct server_settings *settings, int *ret_fd, struct address *ret_address,
	struct error *error)
{
	struct address address;
	int fd = -1;
	int r;
	if (settings->listen == NULL) {
		r = open_at_all(settings, &address, &fd);
	} else {
		r = parse_listen(settings, &address, error);
		if (r < 0) {
			return r;
		}
		r = open_at(&address, false, settings->backlog, &fd);
	}
	if (r == 0) {
		r = bound_address(fd, &address);
	}
	if (r < 0) {
		if (fd >= 0) {
			close(fd);
		}
		return explain_failure(r, &address, error);
	}
	*ret_fd = fd;
	if (ret_address != NULL) {
		*ret_address = address;
	}
	return 0;
}

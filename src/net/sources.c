/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/sources.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_PORT 9

int sources_preferred(const struct address *target, struct address *ret_source)
{
	struct address probe = *target;
	if (address_port(&probe) == 0) {
		address_set_port(&probe, DISCARD_PORT);
	}
	int fd = socket(probe.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	int r = 0;
	struct address source = {0};
	socklen_t length = sizeof(source);
	if (connect(fd, &probe.any, address_length(&probe)) < 0 ||
		getsockname(fd, &source.any, &length) < 0) {
		r = -errno;
	}
	close(fd);
	if (r == 0) {
		address_set_port(&source, 0);
		*ret_source = source;
	}
	return r;
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

int sources_local_port_range(uint16_t *ret_low, uint16_t *ret_high)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (file == NULL) {
		return -errno;
	}
	unsigned low = 0;
	unsigned high = 0;
	int fields = fscanf(file, "%u %u", &low, &high);
	fclose(file);
	if (fields != 2 || low == 0 || low > high || high > UINT16_MAX) {
		return -EINVAL;
	}
	*ret_low = (uint16_t)low;
	*ret_high = (uint16_t)high;
	return 0;
}

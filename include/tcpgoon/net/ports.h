/* SPDX-License-Identifier: MIT */
/* Which TCP ports this host assigns automatically, and which it reserves. */
#ifndef TCPGOON_NET_PORTS_H
#define TCPGOON_NET_PORTS_H

#include <stdint.h>

#include "tcpgoon/base/port_set.h"

/* How a network namespace uses its ports. */
struct ports_policy {
	/* net.ipv4.ip_local_port_range: connect() and bind() pick from it if no port is given */
	uint16_t automatic_low; /* 0: not known */
	uint16_t automatic_high;
	struct port_set reserved; /* net.ipv4.ip_local_reserved_ports: never picked */
	struct port_set listening; /* has a listener now, on any address */
};

/* Sets that cannot be read are empty. */
void ports_read(struct ports_policy *ret_policy);

/* Adds the ports listed in ip_local_reserved_ports, as in "8080,9148-9150\n". Pure. */
void ports_parse_reserved(const char *text, struct port_set *set);

/* Parses "32768\t60999\n". Returns 0 or -EBADMSG. Pure. */
int ports_parse_automatic(const char *text, uint16_t *ret_low, uint16_t *ret_high);

#endif

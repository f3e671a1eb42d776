/* SPDX-License-Identifier: MIT */
/*
 * What a run asks of this host, without asking it: sockets, what the kernel says of connections, its
 * counters, who listens, and its routes. Of connections it says what scripted_transport has of them.
 */
#ifndef SCRIPTED_HOST_H
#define SCRIPTED_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/link.h"
#include "tcpgoon/net/netstat.h"
#include "tcpgoon/net/ports.h"
#include "tcpgoon/net/route.h"
#include "tcpgoon/net/ruleset.h"
#include "tcpgoon/net/sockdiag.h"
#include "tcpgoon/net/sockdiag_listener.h"

/* The handshake of a connection takes so long, if the test does not say otherwise. */
#define HOST_ROUND_TRIP_US 100

struct host_file {
	const char *path;
	const char *text; /* NULL: there is no such file */
};

struct host {
	void *context;

	/* socket() and bind(): 0 or a positive errno. NULL: all succeed. */
	int (*refuse_socket)(void *context, uint64_t number); /* counted from 1 */
	int (*refuse_bind)(void *context, const struct address *source);
	int option_refused; /* of setsockopt(): a positive errno for SO_REUSEADDR; or 0 */
	uint64_t sockets; /* that were made */
	uint64_t binds;
	uint64_t lingers; /* set SO_LINGER */

	/*
	 * What sock_diag says of a connection in the slot, as the transport would have it: the test may
	 * say otherwise. `near`: it is asked about from our end.
	 */
	void (*tell)(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket);
	int open_code; /* of sockdiag_open(), negative */
	int lookup_code; /* of sockdiag_lookup() */
	uint64_t lookup_failures; /* so many fail, from now on */
	bool every_other_fails; /* or each second one */
	uint64_t exchanges; /* with the kernel, where they fail in turns */
	uint64_t lookups; /* single connections that were asked about, from either end */

	/* To TIME_WAITS and the orphans, those of the script are added. */
	struct netstat counters;
	int counters_code; /* negative */
	bool time_wait_is_full; /* then what comes there is not kept, but counted */
	uint64_t orphans;
	int orphans_code;

	/* Who listens, as sockdiag_find_listener() returns it; NULL: of all targets the one below. */
	int (*find_listener)(void *context, const struct address *target,
		struct sockdiag_listener *ret_listener);
	struct sockdiag_listener listener;
	int listener_code; /* -ENOENT: nobody; -EADDRNOTAVAIL: not here */

	/* Routes. */
	int (*find_route)(void *context, const struct address *source, struct route *ret_route);
	const char *refuser; /* what route_find_refuser() finds; NULL: nothing */
	const char *device_down; /* what link_find_down() finds; NULL: nothing */
	struct link_view device;
	int device_code;
	enum neighbour_state neighbour;
	int preferred_code; /* of sources_preferred() */
	struct address here; /* an address of this host, and the only one; AF_UNSPEC: none */
	/* What ruleset_find() finds of each deed. */
	struct ruleset_match rules[RULESET_DEEDS];

	/*
	 * Names, and what the plan asks. `find_way`: what a connection to `target` would come from, and
	 * go to; NULL: each target is reached from itself. `may_bind`: NULL: to `here` only.
	 */
	const char *const *names; /* what the host of a plan resolves to, up to a NULL */
	int resolve_code;
	int resolve_family; /* that was asked for */
	int (*find_way)(void *context, const struct address *source, const struct address *target,
		struct address *ret_source, struct address *ret_dialled);
	int (*may_bind)(void *context, const struct address *address);
	struct address broadcast; /* of a network of this host; AF_UNSPEC: none */
	const struct ports_policy *ports; /* NULL: nothing is known */

	/* connect(2), as the probe has it: what becomes of it, a positive errno or 0. */
	int (*connect)(void *context, const struct address *target, uint64_t *ret_after_ns);
	uint64_t connects;

	/* Files of the kernel that read otherwise; the last has no path. */
	const struct host_file *files;
};

/* Until host_end(), all that is asked of the host is answered by this one. One at a time. */
struct host *host_begin(void);
void host_end(void);

/* What the socket behind that descriptor was bound to; AF_UNSPEC: nothing. */
void host_bound_address(int fd, struct address *ret_address);

#endif

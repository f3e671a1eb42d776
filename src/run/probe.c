/* SPDX-License-Identifier: MIT */
/*
 * The addresses are tried one after the other, not side by side as browsers do (RFC 8305): the
 * order is the one that RFC 6724 and the administrator want, and each try costs a host a
 * connection. So an address gets the time in which a lost SYN is retransmitted once.
 *
 * These connections do not belong to the run: nothing counts them. They are closed in the same way
 * as those of the run, and the kernel chooses their ports.
 */
#include "tcpgoon/run/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tcpgoon/base/compare.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/plan/source_range.h"

/* Ports of a list that are tried on each address. */
#define PORTS_MAX 16

/* After this time a note says that it takes long. */
#define NOTE_NS (1 * NSEC_PER_SEC)

/* Waits for the connect to be decided. Returns 0 or a negative errno. */
static int await(int fd, uint64_t until_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int r;
	do {
		uint64_t now_ns = clock_now_ns();
		uint64_t left_ns = now_ns < until_ns ? until_ns - now_ns : 0;
		r = poll(&poll_fd, 1, (int)((left_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));
	} while (r < 0 && errno == EINTR);
	if (r <= 0) {
		return r == 0 ? -ETIMEDOUT : -errno;
	}
	int code = 0;
	socklen_t length = sizeof(code);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0) {
		return -errno;
	}
	return -code;
}

static int bind_as_given(int fd, const struct plan *plan, sa_family_t family)
{
	const int on = 1;
	struct address source;
	if (!source_range_first(&plan->settings.sources, family, &source)) {
		return 0;
	}
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
		bind(fd, &source.any, address_length(&source)) < 0) {
		return -errno;
	}
	return 0;
}

/* Makes one connection. Returns 0 if it is established, or a negative errno. */
static int dial(const struct plan *plan, const struct address *target)
{
	int fd = socket(target->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	uint64_t patience_ns = lesser(PROBE_PATIENCE_NS, plan->settings.dial_timeout_ns);
	int r = bind_as_given(fd, plan, target->any.sa_family);
	if (r == 0 && connect(fd, &target->any, address_length(target)) < 0) {
		r = errno == EINPROGRESS ? await(fd, clock_now_ns() + patience_ns) : -errno;
	}
	if (r == 0 && plan->settings.close_mode == CLOSE_RST) {
		const struct linger at_once = {.l_onoff = 1};
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
	close(fd);
	return r;
}

/* Tries the ports of the run on one address, until one does not refuse. */
static int try_address(const struct plan *plan, const struct address *address)
{
	const struct targets *targets = &plan->targets; /* the ports on some candidate */
	int r = -ECONNREFUSED;
	for (size_t i = 0; i < targets->count && i < PORTS_MAX; i++) {
		struct address target = *address;
		address_set_port(&target, address_port(&targets->list[i]));
		r = dial(plan, &target);
		if (r != -ECONNREFUSED) {
			break;
		}
	}
	return r;
}

/* "::1 refused, 192.0.2.1 silent for 2s" */
static void add_outcome(
	char *list, size_t size, const struct plan *plan, const struct address *address, int code)
{
	char host[ADDRESS_TEXT_MAX];
	char patience[UNITS_TEXT_MAX];
	uint64_t patience_ns = lesser(PROBE_PATIENCE_NS, plan->settings.dial_timeout_ns);
	size_t used = strlen(list);
	snprintf(list + used, size - used, "%s%s ", used > 0 ? ", " : "",
		address_format_host(address, host));
	used = strlen(list);
	switch (-code) {
	case ECONNREFUSED:
		snprintf(list + used, size - used, "refused");
		break;
	case ETIMEDOUT:
		snprintf(list + used, size - used, "silent for %s",
			units_format_duration(patience_ns, patience));
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
		snprintf(list + used, size - used, "unreachable");
		break;
	default:
		snprintf(list + used, size - used, "failed (%s)", strerror(-code));
	}
}

size_t probe_candidates(const struct plan *plan, const struct notes *notes)
{
	const struct candidates *candidates = &plan->candidates;
	const char *name = plan->settings.host;
	char outcomes[400] = "";
	char host[ADDRESS_TEXT_MAX];
	uint64_t note_ns = clock_now_ns() + NOTE_NS;
	for (size_t i = 0; i < candidates->count; i++) {
		if (clock_now_ns() >= note_ns) {
			notes_add(notes,
				"%s: trying %s, because the addresses before it do not answer",
				name, address_format_host(&candidates->list[i], host));
		}
		int r = try_address(plan, &candidates->list[i]);
		if (r == 0) {
			if (i > 0) {
				notes_add(notes, "%s: %s, using %s", name, outcomes,
					address_format_host(&candidates->list[i], host));
			}
			return i;
		}
		add_outcome(outcomes, sizeof(outcomes), plan, &candidates->list[i], r);
	}
	notes_add(notes, "%s: none of its %zu addresses answers (%s), using %s", name,
		candidates->count, outcomes, address_format_host(&candidates->list[0], host));
	return 0;
}

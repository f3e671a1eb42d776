/* SPDX-License-Identifier: MIT */
/*
 * A look-up may take forever: getaddrinfo(3) waits for servers that do not answer, has no time
 * limit and cannot be cancelled. So it runs in a child process, which is killed when its time is
 * up, and dies with its parent, for example by ^C. The alternatives are worse: getaddrinfo_a(3)
 * needs a thread, which goes on after it was given up; c-ares ignores nsswitch.conf(5).
 *
 * If there can be no child (a limit on processes), the look-up runs here, without a time limit.
 */
#include "tcpgoon/net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcpgoon/base/cleanup.h"

#include "net/hostname.h"

/* The most addresses of a name that are used. */
#define ADDRESSES_MAX 512

/* The result of a look-up. Only the used part goes through the pipe. */
struct answer {
	int status; /* of getaddrinfo() */
	int errno_value; /* if that is EAI_SYSTEM */
	size_t count;
	struct address list[ADDRESSES_MAX];
};

/* Looks up an international name in ASCII, then as given: hosts(5) may have it like that. */
static void ask(const struct resolve_query *query, const char *name, struct answer *answer)
{
	const struct addrinfo hints = {.ai_family = query->family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *info = NULL;
	memset(answer, 0, sizeof(*answer));
	answer->status = getaddrinfo(name, NULL, &hints, &info);
	answer->errno_value = errno;
	if (answer->status != 0 && strcmp(name, query->host) != 0 &&
		getaddrinfo(query->host, NULL, &hints, &info) == 0) {
		answer->status = 0;
	}
	if (answer->status != 0) {
		return;
	}
	for (const struct addrinfo *it = info; it != NULL; it = it->ai_next) {
		struct address address;
		if (answer->count == ADDRESSES_MAX ||
			address_from_sockaddr(it->ai_addr, &address) < 0) {
			continue;
		}
		address_unmap(&address);
		if (query->family == AF_UNSPEC || query->family == address.any.sa_family) {
			answer->list[answer->count++] = address;
		}
	}
	freeaddrinfo(info);
}

/* All that the child does. */
static void answer_in_child(int fd, pid_t parent, const struct resolve_query *query,
	const char *name, struct answer *answer)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		return; /* it died before the line above */
	}
	ask(query, name, answer);
	const char *next = (const char *)answer;
	size_t left = offsetof(struct answer, list) + answer->count * sizeof(answer->list[0]);
	while (left > 0) {
		ssize_t written = write(fd, next, left);
		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return;
		}
		next += written;
		left -= (size_t)written;
	}
}

/* Waits for the pipe. Returns 1, 0 if `until_ns` comes first, or a negative errno. */
static int await(int fd, uint64_t until_ns)
{
	for (;;) {
		uint64_t now_ns = clock_now_ns();
		if (now_ns >= until_ns) {
			return 0;
		}
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		int r = poll(&poll_fd, 1, (int)((until_ns - now_ns) / NSEC_PER_MSEC) + 1);
		if (r > 0) {
			return 1;
		}
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

/* Reads the whole answer. Returns 0, -ETIMEDOUT, -EPIPE (the child died) or another errno. */
static int read_answer(int fd, const struct resolve_query *query, struct answer *answer)
{
	uint64_t start_ns = clock_now_ns();
	bool noted = false;
	size_t length = 0;
	for (;;) {
		int r = await(fd, start_ns + (noted ? RESOLVE_PATIENCE_NS : RESOLVE_NOTE_NS));
		if (r < 0 || (r == 0 && noted)) {
			return r < 0 ? r : -ETIMEDOUT;
		}
		if (r == 0) {
			noted = true;
			notes_add(query->notes, "Still looking up '%s', for at most %" PRIu64 " s",
				query->host, RESOLVE_PATIENCE_NS / NSEC_PER_SEC);
			continue;
		}
		ssize_t got = read(fd, (char *)answer + length, sizeof(*answer) - length);
		if (got < 0 && errno != EINTR) {
			return -errno;
		}
		if (got == 0) {
			break;
		}
		length += got > 0 ? (size_t)got : 0;
	}
	bool whole = length >= offsetof(struct answer, list) && answer->count <= ADDRESSES_MAX &&
		length == offsetof(struct answer, list) + answer->count * sizeof(answer->list[0]);
	return whole ? 0 : -EPIPE;
}

static int look_up(const struct resolve_query *query, const char *name, struct answer *answer)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		answer_in_child(fds[1], parent, query, name, answer);
		_exit(0);
	}
	close(fds[1]);
	int r = 0;
	if (pid < 0) {
		ask(query, name, answer);
	} else {
		r = read_answer(fds[0], query, answer);
		if (r < 0) {
			kill(pid, SIGKILL); /* otherwise it has exited, or is about to */
		}
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	close(fds[0]);
	return r;
}

static const char *family_name(int family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

/* Explains why there is no address. Returns a negative errno. */
static int explain(const struct resolve_query *query, const char *name, int r,
	const struct answer *answer, struct error *error)
{
	const char *why = r < 0                ? strerror(-r)
		: answer->status == EAI_SYSTEM ? strerror(answer->errno_value)
					       : gai_strerror(answer->status);
	char ascii[HOSTNAME_MAX + sizeof(" (that is )")] = "";
	char family[sizeof(" to an IPv6 address")] = "";
	if (strcmp(name, query->host) != 0) {
		snprintf(ascii, sizeof(ascii), " (that is %s)", name);
	}
	if (query->family != AF_UNSPEC) {
		snprintf(family, sizeof(family), " to an %s address", family_name(query->family));
	}
	if (r == -ENOMEM || (r == 0 && answer->status == EAI_MEMORY)) {
		return error_set(error, -ENOMEM, "out of memory while resolving '%s'", query->host);
	}
	if (r == -ETIMEDOUT) {
		return error_set(error, -ENOENT,
			"host '%s'%s cannot be resolved%s: no answer within %" PRIu64
			" s; check the name servers in /etc/resolv.conf, or give an address",
			query->host, ascii, family, RESOLVE_PATIENCE_NS / NSEC_PER_SEC);
	}
	if (r == -EPIPE) {
		return error_set(error, -ENOENT,
			"host '%s'%s cannot be resolved%s: the look-up's process died", query->host,
			ascii, family);
	}
	return error_set(error, -ENOENT, "host '%s'%s cannot be resolved%s: %s", query->host, ascii,
		family, why);
}

static int resolve_name(const struct resolve_query *query, struct address **ret_list,
	size_t *ret_count, struct error *error)
{
	char name[HOSTNAME_MAX];
	int r = hostname_to_ascii(query->host, name, error);
	if (r < 0) {
		return r;
	}
	CLEANUP(cleanup_free) struct answer *answer = calloc(1, sizeof(*answer));
	if (answer == NULL) {
		return explain(query, name, -ENOMEM, NULL, error);
	}
	r = look_up(query, name, answer);
	if (r < 0 || answer->status != 0) {
		return explain(query, name, r, answer, error);
	}
	if (answer->count == 0) {
		return error_set(error, -ENOENT, "host '%s' has no %s address", query->host,
			query->family == AF_UNSPEC ? "IP" : family_name(query->family));
	}
	size_t size = answer->count * sizeof(answer->list[0]);
	struct address *list = malloc(size);
	if (list == NULL) {
		return explain(query, name, -ENOMEM, answer, error);
	}
	memcpy(list, answer->list, size);
	*ret_list = list;
	*ret_count = answer->count;
	return 0;
}

/*
 * Parses a literal, or IPv4 in one of the forms of inet_aton(3), such as "127.1" or "0", which
 * resolvers accept too. Returns 0, -EINVAL (neither) or the error of address_parse_literal().
 */
static int parse_numeric(const char *host, const struct notes *notes, struct address *ret_address)
{
	struct address address = {.v4 = {.sin_family = AF_INET}};
	int r = address_parse_literal(host, 0, ret_address);
	if (r == 0) {
		address_unmap(ret_address);
		return address_lacks_zone(ret_address) ? -EADDRNOTAVAIL : 0;
	}
	/* inet_aton() ignores everything after a blank. */
	if (r == -EINVAL && host[strcspn(host, " \t\n\v\f\r")] == '\0' &&
		inet_aton(host, &address.v4.sin_addr) == 1) {
		char text[ADDRESS_TEXT_MAX];
		notes_add(notes, "host '%s' is read as the IPv4 address %s", host,
			address_format_host(&address, text));
		*ret_address = address;
		return 0;
	}
	return r;
}

int resolve_host(const struct resolve_query *query, struct address **ret_list, size_t *ret_count,
	struct error *error)
{
	struct address address;
	int r = parse_numeric(query->host, query->notes, &address);
	if (r == -EINVAL) {
		return resolve_name(query, ret_list, ret_count, error);
	}
	if (r < 0) {
		address_explain_literal(r, query->host, error);
		error_prefix(error, "host");
		return -EINVAL;
	}
	if (query->family != AF_UNSPEC && address.any.sa_family != query->family) {
		return error_set(error, -EINVAL, "host '%s' is an %s address, but %s was given",
			query->host, family_name(address.any.sa_family),
			query->family == AF_INET ? "--ipv4 (-4)" : "--ipv6 (-6)");
	}
	struct address *list = malloc(sizeof(*list));
	if (list == NULL) {
		return error_set(error, -ENOMEM, "out of memory while resolving '%s'", query->host);
	}
	*list = address;
	*ret_list = list;
	*ret_count = 1;
	return 0;
}

int resolve_service(const char *name, uint16_t *ret_port)
{
	const struct servent *service = getservbyname(name, "tcp");
	if (service == NULL) {
		return -ENOENT;
	}
	*ret_port = ntohs((uint16_t)service->s_port);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "server/accept_failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum accept_failure accept_failure_of(int code)
{
	switch (-code) {
	case ECANCELED: /* by us */
	case EINTR:
	case EAGAIN:
	/* Errors of a connection before it was accepted: accept(2). */
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ETIMEDOUT:
		return ACCEPT_ONCE;
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ENOSPC: /* from epoll_ctl(2), for the connection that was accepted last */
		return ACCEPT_FOR_NOW;
	default:
		return ACCEPT_FOR_GOOD;
	}
}

struct accept_failure_words accept_failure_words(
	int code, uint64_t nofile, char buffer[ACCEPT_FAILURE_TEXT_MAX])
{
	static const char no_room[] = "no room for more connections than are open now";
	static const char less[] = "accepting less than asked, trying again every 100ms";
	switch (-code) {
	case EMFILE:
		snprintf(buffer, ACCEPT_FAILURE_TEXT_MAX,
			"each takes a file descriptor, and the limit of open files is %" PRIu64
			": raise it with 'ulimit -n'",
			nofile);
		return (struct accept_failure_words){no_room, buffer};
	case ENOSPC:
		return (struct accept_failure_words){no_room,
			"this user may have no more descriptors watched by epoll: raise the sysctl "
			"fs.epoll.max_user_watches"};
	case ENFILE:
		return (struct accept_failure_words){less,
			"this host has no open file left (raise the sysctl fs.file-max), or a "
			"ring's table was full for a moment"};
	default:
		snprintf(buffer, ACCEPT_FAILURE_TEXT_MAX, "%s", strerror(-code));
		return (struct accept_failure_words){less, buffer};
	}
}

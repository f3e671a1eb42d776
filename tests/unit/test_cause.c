/* SPDX-License-Identifier: MIT */
#include "tcpgoon/stats/cause.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void every_cause_says_all_it_should(void **state)
{
	(void)state;
	for (int i = 0; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		assert_non_null(cause_name(cause));
		assert_non_null(cause_phrase(cause));
		assert_non_null(cause_hint(cause));

		const char *name = cause_name(cause);
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));

		assert_true(strlen(cause_phrase(cause)) > 0);
		assert_null(strchr(cause_phrase(cause), '.'));

		/* One sentence. */
		const char *hint = cause_hint(cause);
		assert_true(strlen(hint) > 1);
		assert_int_equal(hint[strlen(hint) - 1], '.');
		assert_null(strstr(hint, ". "));

		assert_true((cause == CAUSE_NONE) == (cause_side(cause) == CAUSE_SIDE_NONE));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(name, cause_name((enum cause)j));
			assert_string_not_equal(cause_phrase(cause), cause_phrase((enum cause)j));
		}
	}
}

static void sides_have_names(void **state)
{
	(void)state;
	assert_string_equal(cause_side_name(CAUSE_SIDE_NONE), "none");
	assert_string_equal(cause_side_name(CAUSE_SIDE_LOCAL), "local");
	assert_string_equal(cause_side_name(CAUSE_SIDE_PATH), "path");
	assert_string_equal(cause_side_name(CAUSE_SIDE_REMOTE), "remote");
}

/* Reports carry these words: to change one breaks their readers. */
static void names_and_sides_are_pinned(void **state)
{
	(void)state;
	static const struct {
		enum cause cause;
		const char *name;
		enum cause_side side;
	} rows[] = {
		{CAUSE_NONE, "none", CAUSE_SIDE_NONE},
		{CAUSE_INTERRUPTED, "interrupted", CAUSE_SIDE_LOCAL},
		{CAUSE_PORTS_EXHAUSTED, "ports_exhausted", CAUSE_SIDE_LOCAL},
		{CAUSE_DESCRIPTORS, "descriptors", CAUSE_SIDE_LOCAL},
		{CAUSE_MEMORY, "memory", CAUSE_SIDE_LOCAL},
		{CAUSE_NOT_PERMITTED, "not_permitted", CAUSE_SIDE_LOCAL},
		{CAUSE_SOURCE_INVALID, "source_invalid", CAUSE_SIDE_LOCAL},
		{CAUSE_NO_ROUTE, "no_route", CAUSE_SIDE_LOCAL},
		{CAUSE_ROUTE_REFUSES, "route_refuses", CAUSE_SIDE_LOCAL},
		{CAUSE_TIMED_OUT, "timed_out", CAUSE_SIDE_PATH},
		{CAUSE_NETWORK_UNREACHABLE, "network_unreachable", CAUSE_SIDE_PATH},
		{CAUSE_HOST_UNREACHABLE, "host_unreachable", CAUSE_SIDE_PATH},
		{CAUSE_PROHIBITED, "prohibited", CAUSE_SIDE_PATH},
		{CAUSE_SILENT, "silent", CAUSE_SIDE_PATH},
		{CAUSE_REFUSED, "refused", CAUSE_SIDE_REMOTE},
		{CAUSE_RESET_IN_HANDSHAKE, "reset_in_handshake", CAUSE_SIDE_REMOTE},
		{CAUSE_CLOSED_AT_ONCE, "closed_at_once", CAUSE_SIDE_REMOTE},
		{CAUSE_RESET_AT_ONCE, "reset_at_once", CAUSE_SIDE_REMOTE},
		{CAUSE_CLOSED_BY_PEER, "closed_by_peer", CAUSE_SIDE_REMOTE},
		{CAUSE_RESET_BY_PEER, "reset_by_peer", CAUSE_SIDE_REMOTE},
		{CAUSE_OTHER, "other", CAUSE_SIDE_LOCAL},
	};
	assert_int_equal(COUNT_OF(rows), CAUSE_MAX);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_string_equal(cause_name(rows[i].cause), rows[i].name);
		assert_int_equal(cause_side(rows[i].cause), rows[i].side);
	}
}

static void errnos_mean_what_their_stage_says(void **state)
{
	(void)state;
	static const struct {
		int error_number;
		enum cause prepare;
		enum cause connect;
		enum cause hold;
	} rows[] = {
		/* the same at any stage */
		{ECANCELED, CAUSE_INTERRUPTED, CAUSE_INTERRUPTED, CAUSE_INTERRUPTED},
		{EINTR, CAUSE_INTERRUPTED, CAUSE_INTERRUPTED, CAUSE_INTERRUPTED},
		{EMFILE, CAUSE_DESCRIPTORS, CAUSE_DESCRIPTORS, CAUSE_DESCRIPTORS},
		{ENFILE, CAUSE_DESCRIPTORS, CAUSE_DESCRIPTORS, CAUSE_DESCRIPTORS},
		{ENOMEM, CAUSE_MEMORY, CAUSE_MEMORY, CAUSE_MEMORY},
		{ENOBUFS, CAUSE_MEMORY, CAUSE_MEMORY, CAUSE_MEMORY},
		/* this machine */
		{EADDRINUSE, CAUSE_PORTS_EXHAUSTED, CAUSE_PORTS_EXHAUSTED, CAUSE_OTHER},
		{EADDRNOTAVAIL, CAUSE_SOURCE_INVALID, CAUSE_PORTS_EXHAUSTED, CAUSE_OTHER},
		{EPERM, CAUSE_NOT_PERMITTED, CAUSE_NOT_PERMITTED, CAUSE_NOT_PERMITTED},
		{EACCES, CAUSE_NOT_PERMITTED, CAUSE_PROHIBITED, CAUSE_PROHIBITED},
		{EINVAL, CAUSE_SOURCE_INVALID, CAUSE_SOURCE_INVALID, CAUSE_OTHER},
		{EAFNOSUPPORT, CAUSE_SOURCE_INVALID, CAUSE_SOURCE_INVALID, CAUSE_OTHER},
		{ENODEV, CAUSE_SOURCE_INVALID, CAUSE_OTHER, CAUSE_OTHER},
		/* the path */
		{ETIMEDOUT, CAUSE_OTHER, CAUSE_TIMED_OUT, CAUSE_SILENT},
		{ETIME, CAUSE_OTHER, CAUSE_TIMED_OUT, CAUSE_OTHER},
		{ENETUNREACH, CAUSE_OTHER, CAUSE_NETWORK_UNREACHABLE, CAUSE_NETWORK_UNREACHABLE},
		{ENETDOWN, CAUSE_OTHER, CAUSE_NETWORK_UNREACHABLE, CAUSE_NETWORK_UNREACHABLE},
		{EHOSTUNREACH, CAUSE_OTHER, CAUSE_HOST_UNREACHABLE, CAUSE_HOST_UNREACHABLE},
		{EHOSTDOWN, CAUSE_OTHER, CAUSE_HOST_UNREACHABLE, CAUSE_HOST_UNREACHABLE},
		{ENONET, CAUSE_OTHER, CAUSE_HOST_UNREACHABLE, CAUSE_HOST_UNREACHABLE},
		{ENOPROTOOPT, CAUSE_OTHER, CAUSE_PROHIBITED, CAUSE_PROHIBITED},
		/* the peer */
		{ECONNREFUSED, CAUSE_OTHER, CAUSE_REFUSED, CAUSE_REFUSED},
		{ECONNRESET, CAUSE_OTHER, CAUSE_RESET_IN_HANDSHAKE, CAUSE_RESET_BY_PEER},
		{EPIPE, CAUSE_OTHER, CAUSE_RESET_IN_HANDSHAKE, CAUSE_RESET_BY_PEER},
		/* nothing we know */
		{EIO, CAUSE_OTHER, CAUSE_OTHER, CAUSE_OTHER},
		{0, CAUSE_OTHER, CAUSE_OTHER, CAUSE_OTHER},
		{-ECONNREFUSED, CAUSE_OTHER, CAUSE_OTHER, CAUSE_OTHER},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int e = rows[i].error_number;
		assert_int_equal(cause_from_errno(e, CAUSE_STAGE_PREPARE), rows[i].prepare);
		assert_int_equal(cause_from_errno(e, CAUSE_STAGE_CONNECT), rows[i].connect);
		assert_int_equal(cause_from_errno(e, CAUSE_STAGE_HOLD), rows[i].hold);
	}
}

static void no_errno_is_no_cause(void **state)
{
	(void)state;
	for (int e = 0; e < 4096; e++) {
		for (int stage = CAUSE_STAGE_PREPARE; stage <= CAUSE_STAGE_HOLD; stage++) {
			enum cause cause = cause_from_errno(e, (enum cause_stage)stage);
			assert_true(cause > CAUSE_NONE && cause < CAUSE_MAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_says_all_it_should),
		cmocka_unit_test(sides_have_names),
		cmocka_unit_test(names_and_sides_are_pinned),
		cmocka_unit_test(errnos_mean_what_their_stage_says),
		cmocka_unit_test(no_errno_is_no_cause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

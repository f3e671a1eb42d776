/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scripted_run.h"
#include "tcpgoon/plan/candidates.h"

/* Why an address is out of reach. */
struct way_out {
	const char *target;
	int code; /* negative */
	const char *dialled; /* instead of it; NULL: it is the one */
};

struct fixture {
	struct scripted_run *run;
	struct settings settings;
	struct candidates candidates;
	struct error error;
	struct notes notes;
	char text[1024]; /* of the notes, one a line */
	struct way_out ways[8]; /* up to one without a target; all else is in reach */
	struct address source; /* that was asked for last */
};

static int find_way(void *context, const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled)
{
	struct fixture *fixture = context;
	char host[ADDRESS_TEXT_MAX];
	(void)ret_source;
	fixture->source = source == NULL ? (struct address){0} : *source;
	address_format_host(target, host);
	for (const struct way_out *way = fixture->ways; way->target != NULL; way++) {
		if (strcmp(way->target, host) == 0) {
			if (way->dialled != NULL) {
				assert_int_equal(
					address_parse_literal(way->dialled, 0, ret_dialled), 0);
			}
			return way->code;
		}
	}
	return 0;
}

static void keep_note(void *context, const char *sentence)
{
	struct fixture *fixture = context;
	size_t used = strlen(fixture->text);
	snprintf(fixture->text + used, sizeof(fixture->text) - used, "%s\n", sentence);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	void *run;
	scripted_run_setup(&run);
	fixture->run = run;
	fixture->settings.host = "name";
	fixture->notes = (struct notes){.context = fixture, .on_note = keep_note};
	fixture->run->host->context = fixture;
	fixture->run->host->find_way = find_way;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	candidates_finish(&fixture->candidates);
	void *run = fixture->run;
	scripted_run_teardown(&run);
	free(fixture);
	return 0;
}

static int find(struct fixture *fixture, const char *const *names)
{
	fixture->run->host->names = names;
	fixture->text[0] = '\0';
	candidates_finish(&fixture->candidates);
	return candidates_init(
		&fixture->candidates, &fixture->settings, &fixture->notes, &fixture->error);
}

/* Exactly these, in this order, up to a NULL. */
static void assert_found(const struct fixture *fixture, const char *const *expected)
{
	size_t count = 0;
	for (; expected[count] != NULL; count++) {
		char host[ADDRESS_TEXT_MAX];
		assert_true(count < fixture->candidates.count);
		address_format_host(&fixture->candidates.list[count], host);
		assert_string_equal(host, expected[count]);
	}
	assert_int_equal(fixture->candidates.count, count);
}

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void all_that_can_be_dialled_stay_in_their_order(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(find(fixture, NAMES("2001:db8::1", "192.0.2.1", "192.0.2.2")), 0);
	assert_found(fixture, NAMES("2001:db8::1", "192.0.2.1", "192.0.2.2"));
	assert_string_equal(fixture->text, "");
	assert_int_equal(fixture->run->host->resolve_family, AF_UNSPEC);
}

static void a_family_that_was_asked_for_is_looked_up_alone(void **state)
{
	struct fixture *fixture = *state;
	fixture->settings.only_ipv4 = true;
	find(fixture, NAMES("192.0.2.1"));
	assert_int_equal(fixture->run->host->resolve_family, AF_INET);
	fixture->settings.only_ipv4 = false;
	fixture->settings.only_ipv6 = true;
	find(fixture, NAMES("2001:db8::1"));
	assert_int_equal(fixture->run->host->resolve_family, AF_INET6);
}

static void a_name_without_addresses_is_refused(void **state)
{
	struct fixture *fixture = *state;
	fixture->run->host->resolve_code = -ENOENT;
	assert_int_equal(find(fixture, NULL), -ENOENT);
	assert_string_equal(fixture->error.text, "no such name");
	assert_int_equal(fixture->candidates.count, 0);
}

static void an_address_that_is_there_twice_is_one(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(
		find(fixture, NAMES("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2")), 0);
	assert_found(fixture, NAMES("192.0.2.1", "192.0.2.2"));
}

static void what_tcp_cannot_dial_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct address *broadcast = &fixture->run->host->broadcast;
	assert_int_equal(address_parse_literal("192.0.2.255", 0, broadcast), 0);
	assert_int_equal(
		find(fixture, NAMES("224.0.0.1", "192.0.2.1", "192.0.2.255", "255.255.255.255")),
		0);
	assert_found(fixture, NAMES("192.0.2.1"));
	assert_string_equal(fixture->text,
		"name: left out 224.0.0.1 (it is a multicast address), 192.0.2.255 (it is a "
		"broadcast address), 255.255.255.255 (it is a broadcast address)\n");
}

static void a_host_that_has_nothing_else_is_refused(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(find(fixture, NAMES("ff02::1", "224.0.0.1")), -EINVAL);
	assert_string_equal(fixture->error.text,
		"host 'name': TCP cannot dial ff02::1: it is a multicast address");
	assert_int_equal(find(fixture, NAMES("fe80::1")), -EINVAL);
	assert_string_equal(fixture->error.text,
		"host 'name': TCP cannot dial fe80::1: it is a link-local address, without its "
		"interface");
}

static void what_the_routes_do_not_reach_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	fixture->ways[0] = (struct way_out){"2001:db8::1", -ENETUNREACH, NULL};
	fixture->ways[1] = (struct way_out){"2001:db8::2", -EADDRNOTAVAIL, NULL};
	fixture->ways[2] = (struct way_out){"192.0.2.2", -EACCES, NULL};
	assert_int_equal(
		find(fixture, NAMES("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2")), 0);
	assert_found(fixture, NAMES("192.0.2.1"));
	assert_string_equal(fixture->text,
		"name: left out 2001:db8::1 (no route), 2001:db8::2 (this host has no IPv6), "
		"192.0.2.2 (Permission denied)\n");
}

/* Then the run tells what is wrong with them. */
static void where_that_would_be_all_all_stay(void **state)
{
	struct fixture *fixture = *state;
	fixture->ways[0] = (struct way_out){"2001:db8::1", -ENETUNREACH, NULL};
	fixture->ways[1] = (struct way_out){"192.0.2.1", -ENETUNREACH, NULL};
	assert_int_equal(find(fixture, NAMES("2001:db8::1", "192.0.2.1")), 0);
	assert_found(fixture, NAMES("2001:db8::1", "192.0.2.1"));
	assert_string_equal(fixture->text, "");
}

static int bind_all(void *context, const struct address *address)
{
	(void)context;
	(void)address;
	return 0;
}

static void what_no_given_source_reaches_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	fixture->run->host->may_bind = bind_all;
	fixture->settings.sources = (struct text_list){{"192.0.2.77"}, 1};
	assert_int_equal(find(fixture, NAMES("2001:db8::1", "192.0.2.1")), 0);
	assert_found(fixture, NAMES("192.0.2.1"));
	assert_string_equal(
		fixture->text, "name: left out 2001:db8::1 (no --source is an IPv6 address)\n");
	fixture->settings.sources = (struct text_list){{"2001:db8::77"}, 1};
	assert_int_equal(find(fixture, NAMES("2001:db8::1", "192.0.2.1")), 0);
	assert_found(fixture, NAMES("2001:db8::1"));
	assert_string_equal(
		fixture->text, "name: left out 192.0.2.1 (no --source is an IPv4 address)\n");
}

/* It will be refused as what it is: the address is not to blame. */
static void a_source_that_is_not_of_this_host_leaves_nothing_out(void **state)
{
	struct fixture *fixture = *state;
	fixture->ways[0] = (struct way_out){"192.0.2.1", -EINVAL, NULL};
	fixture->settings.sources = (struct text_list){{"192.0.2.77"}, 1};
	assert_int_equal(find(fixture, NAMES("192.0.2.1", "192.0.2.2")), 0);
	assert_found(fixture, NAMES("192.0.2.1", "192.0.2.2"));
}

static void the_unspecified_address_is_what_the_kernel_dials_for_it(void **state)
{
	struct fixture *fixture = *state;
	fixture->ways[0] = (struct way_out){"0.0.0.0", 0, "127.0.0.1"};
	fixture->settings.host = "0";
	assert_int_equal(find(fixture, NAMES("0.0.0.0", "127.0.0.1")), 0);
	assert_found(fixture, NAMES("127.0.0.1"));
	assert_string_equal(fixture->text, "host '0' is this host itself: dialling 127.0.0.1\n");
}

static void where_the_kernel_does_not_say_it_stays(void **state)
{
	struct fixture *fixture = *state;
	fixture->ways[0] = (struct way_out){"0.0.0.0", -ENETUNREACH, NULL};
	assert_int_equal(find(fixture, NAMES("0.0.0.0")), 0);
	assert_found(fixture, NAMES("0.0.0.0"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_that_can_be_dialled_stay_in_their_order),
		CASE(a_family_that_was_asked_for_is_looked_up_alone),
		CASE(a_name_without_addresses_is_refused),
		CASE(an_address_that_is_there_twice_is_one),
		CASE(what_tcp_cannot_dial_is_left_out),
		CASE(a_host_that_has_nothing_else_is_refused),
		CASE(what_the_routes_do_not_reach_is_left_out),
		CASE(where_that_would_be_all_all_stay),
		CASE(what_no_given_source_reaches_is_left_out),
		CASE(a_source_that_is_not_of_this_host_leaves_nothing_out),
		CASE(the_unspecified_address_is_what_the_kernel_dials_for_it),
		CASE(where_the_kernel_does_not_say_it_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

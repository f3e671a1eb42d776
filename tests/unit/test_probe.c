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
#include "tcpgoon/run/probe.h"

#define MS NSEC_PER_MSEC

/* What becomes of a dial to the address (any port, where it is 0). */
struct answer {
	const char *address;
	uint16_t port;
	int error_number;
	uint64_t after_ns; /* 0: connect(2) says it at once */
};

struct fixture {
	struct scripted_run *run;
	struct notes notes;
	char text[2048]; /* of the notes, one a line */
	struct answer answers[8]; /* up to one without an address; others are silent */
	struct address dialled[64];
};

static int answer(void *context, const struct address *target, uint64_t *ret_after_ns)
{
	struct fixture *fixture = context;
	char host[ADDRESS_TEXT_MAX];
	address_format_host(target, host);
	fixture->dialled[fixture->run->host->connects - 1] = *target;
	for (const struct answer *row = fixture->answers; row->address != NULL; row++) {
		if (strcmp(row->address, host) == 0 &&
			(row->port == 0 || row->port == address_port(target))) {
			*ret_after_ns = row->after_ns;
			return row->error_number;
		}
	}
	*ret_after_ns = 3600 * NSEC_PER_SEC;
	return ETIMEDOUT;
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
	fixture->notes = (struct notes){.context = fixture, .on_note = keep_note};
	fixture->run->host->context = fixture;
	fixture->run->host->connect = answer;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	free(fixture->run->plan.candidates.list);
	void *run = fixture->run;
	scripted_run_teardown(&run);
	free(fixture);
	return 0;
}

/* A plan towards `name`, with these addresses, up to a NULL. */
static void plan_with(struct fixture *fixture, uint64_t ports, const char *const addresses[])
{
	struct plan *plan = &fixture->run->plan;
	scripted_run_plan(fixture->run, &(struct run_layout){.connections = 10, .targets = ports});
	plan->settings.host = "name";
	plan->settings.dial_timeout_ns = 5 * NSEC_PER_SEC;
	struct candidates *candidates = &plan->candidates;
	while (addresses[candidates->count] != NULL) {
		candidates->count++;
	}
	candidates->list = calloc(candidates->count, sizeof(*candidates->list));
	assert_non_null(candidates->list);
	for (size_t i = 0; i < candidates->count; i++) {
		assert_int_equal(address_parse_literal(addresses[i], 0, &candidates->list[i]), 0);
	}
}

static size_t probe(struct fixture *fixture)
{
	return probe_candidates(&fixture->run->plan, &fixture->notes);
}

static const char *const three[] = {"2001:db8::1", "192.0.2.1", "192.0.2.2", NULL};

static void the_first_that_answers_is_taken_without_a_word(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"2001:db8::1", 0, 0, 3 * MS};
	plan_with(fixture, 1, three);
	assert_int_equal(probe(fixture), 0);
	assert_int_equal(fixture->run->host->connects, 1);
	assert_string_equal(fixture->text, "");
}

static void what_was_passed_over_is_told(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"2001:db8::1", 0, ENETUNREACH, 0};
	fixture->answers[1] = (struct answer){"192.0.2.1", 0, ECONNREFUSED, 2 * MS};
	fixture->answers[2] = (struct answer){"192.0.2.2", 0, 0, 0};
	plan_with(fixture, 1, three);
	assert_int_equal(probe(fixture), 2);
	assert_string_equal(fixture->text,
		"name: 2001:db8::1 unreachable, 192.0.2.1 refused, using 192.0.2.2\n");
}

/* Each has the time in which a lost SYN is sent once more; who waits is told why. */
static void a_silent_address_has_two_seconds(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", 0, 0, 2 * MS};
	plan_with(fixture, 1, three);
	assert_int_equal(probe(fixture), 1);
	assert_int_equal(fixture->run->script->now_ns, at_ms(2002));
	assert_string_equal(fixture->text,
		"name: trying 192.0.2.1, because the addresses before it do not answer\n"
		"name: 2001:db8::1 silent for 2s, using 192.0.2.1\n");
}

static void or_the_dial_timeout_where_that_is_shorter(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", 0, 0, 0};
	plan_with(fixture, 1, three);
	fixture->run->plan.settings.dial_timeout_ns = 300 * MS;
	assert_int_equal(probe(fixture), 1);
	assert_int_equal(fixture->run->script->now_ns, at_ms(300));
	assert_string_equal(fixture->text, "name: 2001:db8::1 silent for 300ms, using 192.0.2.1\n");
}

/* Then the run tells what is wrong with the first. */
static void where_none_answers_it_is_the_first(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"2001:db8::1", 0, EHOSTUNREACH, 5 * MS};
	fixture->answers[1] = (struct answer){"192.0.2.1", 0, EACCES, 0};
	fixture->answers[2] = (struct answer){"192.0.2.2", 0, ECONNREFUSED, 0};
	plan_with(fixture, 1, three);
	assert_int_equal(probe(fixture), 0);
	assert_string_equal(fixture->text,
		"name: none of its 3 addresses answers (2001:db8::1 unreachable, 192.0.2.1 failed "
		"(Permission denied), 192.0.2.2 refused), using 2001:db8::1\n");
}

static void one_port_that_answers_is_enough(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", RUN_TARGET_PORT + 2, 0, 0};
	fixture->answers[1] = (struct answer){"192.0.2.1", 0, ECONNREFUSED, 0};
	fixture->answers[2] = (struct answer){"2001:db8::1", 0, ECONNREFUSED, 0};
	plan_with(fixture, 4, three);
	assert_int_equal(probe(fixture), 1);
	assert_int_equal(fixture->run->host->connects, 4 + 3);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(address_port(&fixture->dialled[i]), RUN_TARGET_PORT + i);
	}
	assert_string_equal(fixture->text, "name: 2001:db8::1 refused, using 192.0.2.1\n");
}

/* What is silent on one port is not tried on the others: that would take as long again. */
static void a_silent_port_speaks_for_the_address(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", 0, 0, 0};
	plan_with(fixture, 4, three);
	assert_int_equal(probe(fixture), 1);
	assert_int_equal(fixture->run->host->connects, 1 + 1);
}

static void of_many_ports_the_first_sixteen_are_tried(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"2001:db8::1", 0, ECONNREFUSED, 0};
	fixture->answers[1] = (struct answer){"192.0.2.1", 0, 0, 0};
	plan_with(fixture, 30, three);
	assert_int_equal(probe(fixture), 1);
	assert_int_equal(fixture->run->host->connects, 16 + 1);
}

static int refuse_sockets(void *context, uint64_t number)
{
	(void)context;
	(void)number;
	return EMFILE;
}

static void without_a_socket_no_address_answers(void **state)
{
	static const char *const two[] = {"192.0.2.1", "192.0.2.2", NULL};
	struct fixture *fixture = *state;
	fixture->run->host->refuse_socket = refuse_sockets;
	plan_with(fixture, 1, two);
	assert_int_equal(probe(fixture), 0);
	assert_string_equal(fixture->text,
		"name: none of its 2 addresses answers (192.0.2.1 failed (Too many open files), "
		"192.0.2.2 failed (Too many open files)), using 192.0.2.1\n");
}

static int refuse_binds(void *context, const struct address *source)
{
	(void)context;
	assert_int_equal(address_port(source), 0);
	return EADDRNOTAVAIL;
}

static void it_dials_from_the_source_that_was_given(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", 0, 0, 0};
	plan_with(fixture, 1, three + 1);
	fixture->run->plan.settings.sources = (struct text_list){{"192.0.2.77"}, 1};
	assert_int_equal(probe(fixture), 0);
	assert_int_equal(fixture->run->host->binds, 1);
	fixture->run->host->refuse_bind = refuse_binds;
	assert_int_equal(probe(fixture), 0);
	assert_int_equal(fixture->run->host->connects, 1);
	assert_non_null(strstr(fixture->text, "Cannot assign requested address"));
}

static void it_is_closed_as_those_of_the_run_are(void **state)
{
	struct fixture *fixture = *state;
	fixture->answers[0] = (struct answer){"192.0.2.1", 0, 0, 0};
	plan_with(fixture, 1, three + 1);
	probe(fixture);
	assert_int_equal(fixture->run->host->lingers, 0);
	fixture->run->plan.settings.close_mode = CLOSE_RST;
	probe(fixture);
	assert_int_equal(fixture->run->host->lingers, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_that_answers_is_taken_without_a_word),
		CASE(what_was_passed_over_is_told),
		CASE(a_silent_address_has_two_seconds),
		CASE(or_the_dial_timeout_where_that_is_shorter),
		CASE(where_none_answers_it_is_the_first),
		CASE(one_port_that_answers_is_enough),
		CASE(a_silent_port_speaks_for_the_address),
		CASE(of_many_ports_the_first_sixteen_are_tried),
		CASE(without_a_socket_no_address_answers),
		CASE(it_dials_from_the_source_that_was_given),
		CASE(it_is_closed_as_those_of_the_run_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

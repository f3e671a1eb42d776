/* SPDX-License-Identifier: MIT */
/* The rules on how the target lets connections up. */
#include "diagnose_fixture.h"

static void no_listener(void **state)
{
	struct fixture *fixture = *state;
	assert_no(fixture, "no_listener");
	reject(fixture, CAUSE_REFUSED, 50);
	assert_only(
		fixture, "no_listener", 50, "All 50 connections that were answered were refused.");
	fixture->result.listener.here = true;
	assert_only(fixture, "no_listener", 50,
		"All 50 connections that were answered were refused, and no socket on this "
		"host listens there.");
	establish(fixture, 1);
	assert_no(fixture, "no_listener");
}

static void some_refused(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 50);
	assert_no(fixture, "some_refused");
	reject(fixture, CAUSE_REFUSED, 10);
	fixture->result.first_rejected = 4;
	assert_only(fixture, "some_refused", 10,
		"10 connections were refused while 50 were established.");
	listen_here(fixture, 128);
	leave(fixture);
	assert_only(fixture, "some_refused", 10,
		"10 connections were refused while 50 were established, and at the end nothing "
		"listened any more.");
	/* Who could not be asked about has not left. */
	fixture->result.listener.look_failed = true;
	assert_only(fixture, "some_refused", 10,
		"10 connections were refused while 50 were established.");
}

static void reset_in_handshake(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 1);
	assert_no(fixture, "reset_in_handshake");
	reject(fixture, CAUSE_RESET_IN_HANDSHAKE, 1);
	assert_finding(
		fixture, "reset_in_handshake", 1, "1 of 2 connections was reset in the handshake.");
}

static void backlog_full(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 5);
	reject(fixture, CAUSE_TIMED_OUT, 35);
	result->first_rejected = 5;
	listen_here(fixture, 4);
	result->listener.queued_most = 3; /* room */
	assert_no(fixture, "backlog_full");
	result->listener.queued_most = 5;
	result->listener.queued_at_end = 5;
	result->duration_ns = 2 * NSEC_PER_SEC;
	assert_only(fixture, "backlog_full", 35,
		"The server's accept queue was full: up to 5 waited, with a backlog of "
		"4; 35 connections timed out.");
	assert_non_null(strstr(fixture->findings.list[0].hint, "accepts nothing"));
	establish(fixture, 59);
	assert_non_null(
		strstr(find(fixture, "backlog_full")->hint, "accepted 59 and then no more"));
	result->listener.queued_at_end = 0; /* it was only slow */
	assert_non_null(strstr(find(fixture, "backlog_full")->hint, "Accept faster"));
}

static void backlog_full_of_one_of_several_targets(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 25);
	reject(fixture, CAUSE_TIMED_OUT, 15);
	listen_here(fixture, 4);
	result->listener.target = 1;
	result->listener.queued_most = 5;
	result->listener.queued_at_end = 5;
	result->duration_ns = 2 * NSEC_PER_SEC;
	result->target_count = 2;
	result->targets[0].established = 20;
	result->targets[1].established = 5;
	result->targets[1].failed = 15;
	for (size_t i = 0; i < 2; i++) {
		struct address *address = &result->targets[i].address;
		assert_int_equal(
			address_parse_literal("192.0.2.1", (uint16_t)(7001 + i), address), 0);
	}
	assert_finding(fixture, "backlog_full", 15,
		"The server's accept queue was full: at 192.0.2.1:7002, up to 5 waited, "
		"with a backlog of 4; 15 connections timed out.");
	/* What another target accepted is not its own. */
	assert_non_null(strstr(find(fixture, "backlog_full")->hint, "accepts nothing"));
}

static void backlog_full_by_its_own_drops(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 100);
	listen_here(fixture, 4);
	result->listener.dropped = 12;
	assert_nothing(fixture); /* those of other clients: none of ours took harm */
	result->kernel.retransmitted = 8;
	result->kernel.syn_retransmits = 12;
	result->network.values[NETSTAT_LISTEN_OVERFLOWS] = 12;
	assert_only(fixture, "backlog_full", 8,
		"The server's accept queue was full: its socket dropped 12 packets; 0 connections "
		"timed out.");
	/* No more can have been hurt than packets were dropped. */
	result->listener.dropped = 3;
	assert_int_equal(find(fixture, "backlog_full")->count, 3);
	assert_int_equal(find(fixture, "syn_loss")->count, 8);
	/* The accept queue is not what had no room. */
	result->listener.dropped = 12;
	result->network.values[NETSTAT_LISTEN_OVERFLOWS] = 0;
	assert_only(fixture, "backlog_full", 8,
		"The server's socket dropped 12 packets before they reached its accept "
		"queue; 8 of these connections had to wait or were not established.");
}

/* The counters are of all listeners of this host, the target's socket dropped nothing. */
static void an_overflow_of_another_listener(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 100);
	result->network.values[NETSTAT_LISTEN_OVERFLOWS] = 12;
	assert_nothing(fixture);
	listen_here(fixture, 4);
	assert_nothing(fixture);
	result->kernel.retransmitted = 8;
	result->kernel.syn_retransmits = 8;
	assert_no(fixture, "backlog_full"); /* its queue had room, as far as was seen */
	result->listener.dropped = 0;
	result->listener.queued_most = 5;
	assert_no(fixture, "backlog_full");
}

static void an_overflow_that_resets(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 5);
	reject(fixture, CAUSE_RESET_IN_HANDSHAKE, 15);
	result->first_rejected = 2;
	listen_here(fixture, 4);
	result->listener.queued_most = 5;
	assert_no(fixture, "backlog_full");
	result->listener.dropped = 15;
	result->listener.queued_most = 5;
	assert_only(fixture, "backlog_full", 15,
		"The server's accept queue was full: up to 5 waited, with a backlog of "
		"4, and its socket dropped 15 packets; 0 connections timed out.");
}

static void backlog_full_by_what_it_does(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 20);
	reject(fixture, CAUSE_TIMED_OUT, 30);
	fixture->result.first_rejected = 2;
	fixture->result.unconfirmed = RESULT_UNKNOWN;
	assert_no(fixture, "backlog_full");
	fixture->result.unconfirmed = 6;
	assert_only(fixture, "backlog_full", 36,
		"30 connections timed out and 6 are established here only: this looks "
		"like a full accept queue at the server, which this host cannot see.");
	/* It does see it, and it is not full. */
	listen_here(fixture, 128);
	assert_no(fixture, "backlog_full");
	assert_int_equal(find(fixture, "unconfirmed")->count, 6);
}

static void server_stopped_accepting(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 100);
	listen_here(fixture, 4096);
	result->listener.queued_most = 41;
	result->listener.queued_at_end = 41;
	result->generator.last_dial_ns = 500 * NSEC_PER_MSEC;
	result->dialing_ns = 3 * NSEC_PER_SEC; /* one came up late */
	result->duration_ns = 3 * NSEC_PER_SEC;
	assert_nothing(fixture);
	result->dialing_ns = 500 * NSEC_PER_MSEC;
	result->duration_ns = 1499 * NSEC_PER_MSEC; /* it may be busy */
	assert_nothing(fixture);
	result->duration_ns = 1500 * NSEC_PER_MSEC;
	assert_only(fixture, "server_stopped_accepting", 41,
		"41 connections are still waiting in the server's accept queue, 1.00 s "
		"after the last dial.");
	assert_non_null(strstr(fixture->findings.list[0].hint, "accepted 59"));
	assert_int_equal(fixture->findings.list[0].weight, FINDING_FAILURE);
	/* In the queue there are others' too: the kernel told which are ours. */
	result->kernel.possible = true;
	result->kernel.not_accepted = 30;
	assert_int_equal(find(fixture, "server_stopped_accepting")->count, 30);
	result->kernel.not_accepted = 0;
	assert_nothing(fixture);
	result->kernel.not_accepted = RESULT_UNKNOWN;
	result->listener.queued_at_end = 0;
	assert_nothing(fixture);
}

static void server_accepts_slowly(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 100);
	listen_here(fixture, 4096);
	result->listener.queued_most = 41;
	result->listener.queued_at_end = 41;
	result->dialing_ns = 500 * NSEC_PER_MSEC;
	result->generator.last_dial_ns = 500 * NSEC_PER_MSEC;
	result->duration_ns = 2500 * NSEC_PER_MSEC;
	result->listener.drained_for_ns = 800 * NSEC_PER_MSEC;
	assert_int_equal(find(fixture, "server_stopped_accepting")->count, 41);
	result->listener.drained = 8;
	assert_only(fixture, "server_accepts_slowly", 41,
		"41 connections are still waiting in the server's accept queue, 2.00 s "
		"after the last dial; it accepts about 10.0 a second.");
	assert_int_equal(fixture->findings.list[0].weight, FINDING_REMARK);
}

static void unconfirmed(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 20);
	fixture->result.unconfirmed = RESULT_UNKNOWN;
	assert_nothing(fixture);
	fixture->result.unconfirmed = 20;
	assert_only(fixture, "unconfirmed", 20,
		"20 of 20 connections are established here, but the target repeats its SYN-ACK.");
}

static void syn_cookies(void **state)
{
	struct fixture *fixture = *state;
	uint64_t *values = fixture->result.network.values;
	establish(fixture, 20);
	values[NETSTAT_SYNCOOKIES_RECEIVED] = 13;
	values[NETSTAT_PASSIVE_OPENS] = 30; /* ten of others, who may have had ten of the cookies */
	assert_nothing(fixture); /* of another server of this host */
	listen_here(fixture, 128);
	assert_only(fixture, "syn_cookies", 3,
		"At least 3 of 20 connections were established through a SYN cookie from "
		"the server's kernel.");
	values[NETSTAT_PASSIVE_OPENS] = 33;
	assert_nothing(fixture);
}

static void lost_after_cookie(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	uint64_t *values = result->network.values;
	establish(fixture, 20);
	listen_here(fixture, 128);
	result->kernel.no_other_end = 15;
	assert_nothing(fixture); /* as a NAT rule makes it, which sends them elsewhere */
	values[NETSTAT_SYNCOOKIES_SENT] = 20;
	values[NETSTAT_SYNCOOKIES_RECEIVED] = 8;
	values[NETSTAT_PASSIVE_OPENS] = 5;
	assert_only(fixture, "lost_after_cookie", 12,
		"12 of 20 connections are established at this end only: the server's kernel answered "
		"with SYN cookies and never got, or dropped, the last ACK of the handshake.");
	assert_int_equal(fixture->findings.list[0].weight, FINDING_FAILURE);
	result->kernel.no_other_end = RESULT_UNKNOWN;
	assert_no(fixture, "lost_after_cookie");
	/* All came back, and some of them to a full accept queue. */
	result->kernel.no_other_end = 15;
	values[NETSTAT_SYNCOOKIES_RECEIVED] = 20;
	assert_no(fixture, "lost_after_cookie");
	result->listener.dropped = 9;
	assert_only(fixture, "lost_after_cookie", 9,
		"9 of 20 connections are established at this end only: the server's kernel answered "
		"with SYN cookies and never got, or dropped, the last ACK of the handshake.");
}

/* What listens here may not be what is reached: a NAT rule sends these connections elsewhere. */
static void a_listener_that_is_not_reached(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 40);
	reject(fixture, CAUSE_TIMED_OUT, 20);
	result->first_rejected = 40;
	listen_here(fixture, 128);
	result->listener.dropped = 0;
	result->network.values[NETSTAT_PASSIVE_OPENS] = 3;
	assert_null(strstr(find(fixture, "connection_cap")->hint, "dropped none"));
	result->network.values[NETSTAT_PASSIVE_OPENS] = 40;
	assert_non_null(strstr(find(fixture, "connection_cap")->hint, "dropped none"));
}

static void a_cap_of_silence_proves_no_limit_of_the_server(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 40);
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.first_rejected = 40;
	const struct finding *finding = find(fixture, "connection_cap");
	assert_non_null(finding);
	assert_int_equal(finding->side, CAUSE_SIDE_PATH);
	assert_non_null(strstr(finding->hint, "is not known"));
	assert_non_null(strstr(finding->hint, "a limit of the server"));
	listen_here(fixture, 128);
	fixture->result.listener.dropped = 0;
	finding = find(fixture, "connection_cap");
	assert_non_null(strstr(finding->hint, "the server's own socket dropped none"));
	fixture->result.causes[CAUSE_TIMED_OUT].count = 0;
	fixture->result.causes[CAUSE_REFUSED].count = 20;
	finding = find(fixture, "connection_cap");
	assert_int_equal(finding->side, CAUSE_SIDE_REMOTE);
	assert_non_null(strstr(finding->hint, "This is a limit of 40 connections"));
}

static void connection_cap(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 40);
	reject(fixture, CAUSE_REFUSED, 12);
	reject(fixture, CAUSE_TIMED_OUT, 8);
	fixture->result.first_rejected = 40;
	assert_only(fixture, "connection_cap", 20,
		"The first 40 connections were established and stayed; of those dialled "
		"after them, 20 were rejected (12 refused, 8 timed out, 0 ended at once).");
	fixture->result.first_rejected = 38; /* others came up after the first that did not */
	assert_no(fixture, "connection_cap");
	fixture->result.first_rejected = 41; /* so it is said to be, but one overtook it */
	assert_int_equal(find(fixture, "connection_cap")->count, 20);
	listen_here(fixture, 128);
	leave(fixture); /* no limit: it is gone */
	assert_no(fixture, "connection_cap");
}

static void few_at_the_end_are_no_cap(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 96);
	reject(fixture, CAUSE_REFUSED, 4);
	fixture->result.first_rejected = 96;
	assert_no(fixture, "connection_cap");
}

static void a_cap_that_closes(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 60);
	for (unsigned i = 0; i < 20; i++) {
		drop(fixture, CAUSE_CLOSED_AT_ONCE, 100 + i, 1);
	}
	fixture->result.first_rejected = 40;
	assert_only(fixture, "connection_cap", 20,
		"The first 40 connections were established and stayed; of those dialled "
		"after them, 20 were rejected (0 refused, 0 timed out, 20 ended at once).");
	fixture->result.first_rejected = 0;
	assert_only(fixture, "closed_at_once", 20,
		"20 of 60 connections were closed (FIN) by the peer as soon as they were "
		"established.");
}

static void reset_at_once(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 2);
	assert_nothing(fixture);
	drop(fixture, CAUSE_RESET_AT_ONCE, 10, 1);
	fixture->result.first_rejected = 0;
	assert_only(fixture, "reset_at_once", 1,
		"1 of 2 connections was reset (RST) by the peer as soon as it was "
		"established.");
	assert_no(fixture, "closed_at_once");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_listener),
		TEST(some_refused),
		TEST(reset_in_handshake),
		TEST(backlog_full),
		TEST(backlog_full_of_one_of_several_targets),
		TEST(backlog_full_by_its_own_drops),
		TEST(an_overflow_of_another_listener),
		TEST(an_overflow_that_resets),
		TEST(backlog_full_by_what_it_does),
		TEST(server_stopped_accepting),
		TEST(server_accepts_slowly),
		TEST(unconfirmed),
		TEST(syn_cookies),
		TEST(connection_cap),
		TEST(lost_after_cookie),
		TEST(a_listener_that_is_not_reached),
		TEST(a_cap_of_silence_proves_no_limit_of_the_server),
		TEST(few_at_the_end_are_no_cap),
		TEST(a_cap_that_closes),
		TEST(reset_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

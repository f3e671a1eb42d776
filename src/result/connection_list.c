/* SPDX-License-Identifier: MIT */
/*
 * A record is written when something happens that the table of the run does not remember: an end, a
 * handshake that the kernel was asked about. The rest follows once the run is over. Addresses, ports
 * and due instants are computed from the number when a report asks for them, as in the run itself.
 */
#include "tcpgoon/result/connection_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tcpgoon/base/clock.h"

static int copy_targets(struct targets *targets, const struct targets *from)
{
	targets->list = malloc(from->count * sizeof(*targets->list));
	if (targets->list == NULL) {
		return -ENOMEM;
	}
	memcpy(targets->list, from->list, from->count * sizeof(*targets->list));
	targets->count = from->count;
	return 0;
}

static size_t count_sets(const struct tuples *tuples)
{
	size_t count = 0;
	for (size_t i = 0; i < tuples->targets->count; i++) {
		size_t set = tuples->set_of_target[i];
		count = set >= count ? set + 1 : count;
	}
	return count;
}

static int copy_tuples(
	struct tuples *tuples, const struct tuples *from, const struct targets *targets)
{
	const struct tuples_params params = {
		.targets = targets,
		.sets = from->sets,
		.set_count = count_sets(from),
		.set_of_target = from->set_of_target,
		.order = &from->order,
		.port_auto = from->port_auto,
	};
	return tuples_init(tuples, &params);
}

static int make_records(struct connection_list *list, uint64_t count)
{
	void *memory = mmap(NULL, count * sizeof(*list->records), PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return -ENOMEM;
	}
	list->records = memory;
	list->count = count;
	return 0;
}

int connection_list_create(const struct plan *plan, struct connection_list **ret_list)
{
	struct connection_list *list = calloc(1, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	list->schedule = plan->schedule;
	int r = copy_targets(&list->targets, &plan->targets);
	if (r == 0) {
		r = copy_tuples(&list->tuples, &plan->tuples, &list->targets);
	}
	if (r == 0) {
		r = make_records(list, plan->settings.connections);
	}
	if (r < 0) {
		connection_list_destroy(list);
		return r;
	}
	*ret_list = list;
	return 0;
}

void connection_list_destroy(struct connection_list *list)
{
	if (list == NULL) {
		return;
	}
	if (list->records != NULL) {
		munmap(list->records, list->count * sizeof(*list->records));
	}
	tuples_finish(&list->tuples);
	targets_finish(&list->targets);
	free(list);
}

/* A run with --force may have more connections than tuples. */
static void find_addresses(const struct connection_list *list,
	const struct connection_record *record, struct connection *connection)
{
	const struct targets *targets = &list->targets;
	connection->target = targets->list[targets_turn(targets, connection->number)];
	bool tried = record->state != CONNECTION_NOT_DIALED;
	if (tried && record->ordinal < tuples_capacity(&list->tuples)) {
		connection->source = tuples_at(&list->tuples, record->ordinal).source;
	}
}

static uint64_t known(bool is_known, uint64_t value)
{
	return is_known ? value : CONNECTION_UNKNOWN;
}

void connection_list_at(
	const struct connection_list *list, uint64_t number, struct connection *ret_connection)
{
	const struct connection_record *record = &list->records[number];
	bool ended = record->state == CONNECTION_CLOSED || record->state == CONNECTION_FAILED;
	bool paced = schedule_is_paced(&list->schedule);
	*ret_connection = (struct connection){
		.number = number,
		.due_ns = known(paced, schedule_due_ns(&list->schedule, number)),
		.dialed_ns = known(record->dialed, record->dialed_us * NSEC_PER_USEC),
		.connect_us = known(record->connect_known, record->connect_us),
		.handshake_us = known(record->handshake_us > 0, record->handshake_us),
		.ended_ns = known(ended, record->ended_us * NSEC_PER_USEC),
		.state = (enum connection_state)record->state,
		.cause = (enum cause)record->cause,
	};
	find_addresses(list, record, ret_connection);
}

const char *connection_state_name(enum connection_state state)
{
	static const char *const names[CONNECTION_STATES] = {
		[CONNECTION_NOT_DIALED] = "not_dialed",
		[CONNECTION_DIALING] = "dialing",
		[CONNECTION_OPEN] = "open",
		[CONNECTION_CLOSED] = "closed_by_peer",
		[CONNECTION_FAILED] = "failed",
	};
	return names[state];
}

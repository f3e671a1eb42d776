/* SPDX-License-Identifier: MIT */
#include "tcpgoon/result/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/connection_list.h"

int result_init(struct result *result)
{
	*result = (struct result){
		.unconfirmed = RESULT_UNKNOWN,
		.unconfirmed_most = RESULT_UNKNOWN,
		.dialing_ns = RESULT_UNKNOWN,
		.at_end = {.due = RESULT_UNKNOWN, .queued = RESULT_UNKNOWN},
		.first_rejected = RESULT_UNKNOWN,
		.last_rejected = RESULT_UNKNOWN,
		.kernel = {.not_accepted = RESULT_UNKNOWN, .no_other_end = RESULT_UNKNOWN},
		.listener = {.dropped = RESULT_UNKNOWN},
		.tables = {.conntrack_used = RESULT_UNKNOWN,
			.conntrack_max = RESULT_UNKNOWN,
			.time_wait_used = RESULT_UNKNOWN,
			.time_wait_max = RESULT_UNKNOWN},
		.left = {.ports = RESULT_UNKNOWN,
			.ports_of = RESULT_UNKNOWN,
			.files = RESULT_UNKNOWN,
			.files_of = RESULT_UNKNOWN,
			.memory_bytes = RESULT_UNKNOWN,
			.memory_of_bytes = RESULT_UNKNOWN},
		.stalls = {.run_delay_ns = RESULT_UNKNOWN},
		.generator = {.cpu_wait_ns = RESULT_UNKNOWN,
			.quota_ns = RESULT_UNKNOWN,
			.quota_period_ns = RESULT_UNKNOWN},
		.closing = {.acknowledged = RESULT_UNKNOWN,
			.unanswered = RESULT_UNKNOWN,
			.reset = RESULT_UNKNOWN,
			.undetermined = RESULT_UNKNOWN},
		.machine = {.cpus = RESULT_UNKNOWN,
			.cpus_allowed = RESULT_UNKNOWN,
			.memory_bytes = RESULT_UNKNOWN,
			.nofile = RESULT_UNKNOWN,
			.port_low = RESULT_UNKNOWN,
			.port_high = RESULT_UNKNOWN,
			.syn_retries = RESULT_UNKNOWN},
	};
	netstat_init(&result->network);
	for (int i = 0; i < TIMES_MAX; i++) {
		if (histogram_init(&result->times[i]) < 0) {
			result_finish(result);
			return -ENOMEM;
		}
	}
	return 0;
}

void result_finish(struct result *result)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		histogram_finish(&result->times[i]);
	}
	result_settings_finish(&result->settings);
	connection_list_destroy(result->connections);
	result->connections = NULL;
}

int result_set_settings(struct result *result, const struct settings *settings)
{
	struct result_settings copy;
	int r = result_settings_copy(&copy, settings);
	if (r < 0) {
		return r;
	}
	result_settings_finish(&result->settings);
	result->settings = copy;
	struct error error = ERROR_INIT;
	if (result_settings_schedule(&copy, &result->schedule, &error) < 0) {
		result->schedule = (struct schedule){0}; /* nothing will be dialled by it */
	}
	return 0;
}

uint64_t result_failed_here(const struct result *result)
{
	uint64_t count = 0;
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		if (cause_side((enum cause)i) == CAUSE_SIDE_LOCAL) {
			count += result->causes[i].count;
		}
	}
	return count;
}

const char *group_kind_name(enum group_kind kind)
{
	static const char *const names[GROUP_KINDS] = {
		[GROUP_SOURCE] = "source",
		[GROUP_FAMILY] = "family",
		[GROUP_PORT] = "port",
	};
	return names[kind];
}

char *failure_group_value(
	enum group_kind kind, const struct failure_group *group, char buffer[ADDRESS_TEXT_MAX])
{
	switch (kind) {
	case GROUP_SOURCE:
		return address_format_host(&group->address, buffer);
	case GROUP_FAMILY:
		snprintf(buffer, ADDRESS_TEXT_MAX, "%s",
			group->address.any.sa_family == AF_INET6 ? "IPv6" : "IPv4");
		break;
	case GROUP_PORT:
		snprintf(buffer, ADDRESS_TEXT_MAX, "%u", (unsigned)address_port(&group->address));
		break;
	case GROUP_KINDS:
		buffer[0] = '\0';
		break;
	}
	return buffer;
}

uint64_t result_accepted_at_least(const struct result *result)
{
	const struct listener_view *listener = &result->listener;
	uint64_t open = result->at_end.established;
	/* Connections on which it sent data may be among those that have ended. */
	uint64_t ended = result->totals.dropped;
	uint64_t sent = result->received_from > ended ? result->received_from - ended : 0;
	if (result->target_count > 0 || !listener->known_at_end) {
		return sent;
	}
	if (result->kernel.possible && result->kernel.not_accepted <= open) {
		return open - result->kernel.not_accepted;
	}
	uint64_t accepted = open > listener->queued_at_end ? open - listener->queued_at_end : 0;
	return accepted > sent ? accepted : sent;
}

double result_pace_asked(const struct result *result)
{
	uint64_t dialed = result->totals.dialed;
	return schedule_average(
		&result->schedule, dialed >= 2 ? dialed : result->settings.connections);
}

double result_dial_rate(const struct result *result)
{
	uint64_t span_ns = result->generator.last_dial_ns;
	if (result->totals.dialed < 2 || span_ns < GENERATOR_RATE_MIN_NS) {
		return 0;
	}
	return (double)(result->totals.dialed - 1) * (double)NSEC_PER_SEC / (double)span_ns;
}

/* SPDX-License-Identifier: MIT */
#include "report/json_layout.h"

#include <stdio.h>

#define FIELD(type, name_, kind_, member_)                                                     \
	{                                                                                      \
		.name = name_, .kind = JSON_##kind_, .offset = offsetof(struct type, member_), \
		.size = sizeof(((struct type *)0)->member_)                                    \
	}

#define CHOICE(type, name_, member_, word_, words_)                                           \
	{                                                                                     \
		.name = name_, .kind = JSON_CHOICE, .offset = offsetof(struct type, member_), \
		.word = word_, .words = words_                                                \
	}

#define TABLE(name, ...)                                                   \
	static const struct json_field name##_fields[] = {__VA_ARGS__};    \
	const struct json_table json_layout_##name = {                     \
		.fields = name##_fields,                                   \
		.count = sizeof(name##_fields) / sizeof(name##_fields[0]), \
	}

static const char *close_word(int value)
{
	return settings_close_names[value];
}

static const char *resolve_word(int value)
{
	return settings_resolve_names[value];
}

#define ENDS (RESULT_FAILED + 1)

static const char *end_word(int value)
{
	static const char *const words[ENDS] = {
		[RESULT_COMPLETED] = "completed",
		[RESULT_INTERRUPTED] = "interrupted",
		[RESULT_ABORTED] = "aborted",
		[RESULT_NOT_STARTED] = "not_started",
		[RESULT_FAILED] = "failed",
	};
	return words[value];
}

#define LINKS (LINK_NO_CARRIER + 1)

static const char *link_word(int value)
{
	static const char *const words[LINKS] = {
		[LINK_UNKNOWN] = NULL,
		[LINK_UP] = "up",
		[LINK_DOWN] = "down",
		[LINK_NO_CARRIER] = "no_carrier",
	};
	return words[value];
}

#define NEIGHBOURS (NEIGHBOUR_SILENT + 1)

static const char *neighbour_word(int value)
{
	static const char *const words[NEIGHBOURS] = {
		[NEIGHBOUR_UNKNOWN] = NULL,
		[NEIGHBOUR_KNOWN] = "known",
		[NEIGHBOUR_SILENT] = "silent",
	};
	return words[value];
}

static const char *cause_word(int value)
{
	return cause_name((enum cause)value);
}

const char *json_layout_deed(int deed)
{
	static const char *const words[RULESET_DEEDS] = {
		[RULESET_DROPS] = "drop",
		[RULESET_REJECTS] = "reject",
		[RULESET_DROPS_AT_EGRESS] = "egress_drop",
		[RULESET_DROPS_ANSWERS] = "input_drop",
	};
	return words[deed];
}

const char *json_layout_family(bool only_ipv4, bool only_ipv6)
{
	static const char *const words[2][2] = {{"any", "ipv6"}, {"ipv4", "none"}};
	return words[only_ipv4][only_ipv6];
}

char *json_layout_times_name(enum times times, char name[JSON_LAYOUT_TIMES_NAME_MAX])
{
	snprintf(name, JSON_LAYOUT_TIMES_NAME_MAX, "%s_us", times_row(times)->name);
	return name;
}

TABLE(head, CHOICE(result, "ended", end, end_word, ENDS), FIELD(result, "error", LINE, error.text),
	FIELD(result, "local_limit", FLAG, local_limit), FIELD(result, "held", FLAG, held));

TABLE(target, FIELD(result, "host", TEXT, settings.host), FIELD(result, "address", HOST, target),
	FIELD(result, "port", PORT, target));

TABLE(settings, FIELD(result, "ports", TEXT, settings.ports),
	FIELD(result, "connections", COUNT, settings.connections),
	FIELD(result, "rate", TEXT, settings.rate), FIELD(result, "ramps", TEXTS, settings.ramps),
	FIELD(result, "burst", COUNT, settings.burst),
	FIELD(result, "sleep_ns", COUNT, settings.sleep_ns),
	FIELD(result, "start_at", TEXT, settings.start_at),
	FIELD(result, "dial_timeout_ns", COUNT, settings.dial_timeout_ns),
	FIELD(result, "hold_ns", COUNT, settings.hold_ns),
	FIELD(result, "sources", TEXTS, settings.sources),
	FIELD(result, "source_port", TEXT, settings.source_port),
	CHOICE(result, "close", settings.close_mode, close_word, CLOSE_RST + 1),
	CHOICE(result, "resolve", settings.resolve_mode, resolve_word, RESOLVE_ALL + 1),
	FIELD(result, "fail_if", TEXTS, settings.fail_if),
	FIELD(result, "abort_if", TEXTS, settings.abort_if),
	FIELD(result, "force", FLAG, settings.force));

TABLE(kernel, FIELD(result, "possible", FLAG, kernel.possible));

TABLE(listener, FIELD(result, "here", FLAG, listener.here),
	FIELD(result, "target", COUNT, listener.target),
	FIELD(result, "known", FLAG, listener.known),
	FIELD(result, "known_at_start", FLAG, listener.known_at_start),
	FIELD(result, "known_at_end", FLAG, listener.known_at_end),
	FIELD(result, "look_failed", FLAG, listener.look_failed),
	FIELD(result, "listened_at_end", BITS, listener.listened_at_end),
	FIELD(result, "drained", SIGNED, listener.drained));

TABLE(generator, FIELD(result, "engine", LINE, generator.engine));

TABLE(quota, FIELD(result, "file", LINE, generator.quota_file));

TABLE(host, FIELD(result, "kernel", LINE, machine.kernel));

TABLE(reverse_path, FIELD(result, "all", FLAG, reverse_path.all),
	FIELD(result, "device", LINE, reverse_path.device));

TABLE(target_tally, FIELD(target_tally, "address", HOST, address),
	FIELD(target_tally, "port", PORT, address),
	FIELD(target_tally, "established", COUNT, established),
	FIELD(target_tally, "failed", COUNT, failed));

TABLE(group, FIELD(failure_group, "address", HOST, address),
	FIELD(failure_group, "port", PORT, address), FIELD(failure_group, "dialed", COUNT, dialed),
	FIELD(failure_group, "undecided", COUNT, undecided),
	FIELD(failure_group, "first_rejected", MAYBE, first_rejected),
	FIELD(failure_group, "before_rejected", COUNT, before_rejected));

TABLE(cause, FIELD(cause_tally, "count", COUNT, count),
	FIELD(cause_tally, "first_ns", COUNT, first_ns),
	FIELD(cause_tally, "last_ns", COUNT, last_ns),
	FIELD(cause_tally, "last_errno", ERRNO, last_errno));

TABLE(refusal, FIELD(refusal, "source", HOST, source), FIELD(refusal, "address", HOST, target),
	FIELD(refusal, "port", PORT, target), FIELD(refusal, "errno", ERRNO, error_number),
	CHOICE(refusal, "cause", cause, cause_word, CAUSE_MAX), FIELD(refusal, "by", LINE, by),
	FIELD(refusal, "device_down", LINE, down), FIELD(refusal, "count", COUNT, count));

TABLE(way, FIELD(way, "address", HOST, target), FIELD(way, "port", PORT, target),
	FIELD(way, "source", HOST, source), FIELD(way, "failed", COUNT, failed),
	FIELD(way, "here", FLAG, local), FIELD(way, "device", LINE, device.name),
	CHOICE(way, "device_state", device.state, link_word, LINKS),
	FIELD(way, "next_hop", HOST, next_hop),
	CHOICE(way, "neighbour", neighbour, neighbour_word, NEIGHBOURS));

TABLE(sample, FIELD(snapshot, "elapsed_ns", COUNT, elapsed_ns),
	FIELD(snapshot, "not_dialed", COUNT, not_initiated),
	FIELD(snapshot, "dialing", COUNT, dialing), FIELD(snapshot, "open", COUNT, established),
	FIELD(snapshot, "closed_by_peer", COUNT, closed), FIELD(snapshot, "failed", COUNT, failed),
	FIELD(snapshot, "due", MAYBE, due), FIELD(snapshot, "queued", MAYBE, queued));

TABLE(own_rule, FIELD(ruleset_match, "count", COUNT, count),
	FIELD(ruleset_match, "first", LINE, text));

/* SPDX-License-Identifier: MIT */
/* A table of options of each kind, for the tests of where settings come from. */
#ifndef TCPGOON_TESTS_OPTIONS_FIXTURE_H
#define TCPGOON_TESTS_OPTIONS_FIXTURE_H

#include "cli/option_value.h"
#include "cli/origins.h"
#include "tcpgoon/base/clock.h"

struct fixture_settings {
	uint64_t connections;
	uint64_t hold_ns;
	bool debug;
	bool yes;
	const char *port_range;
	struct text_list sources;
	uint32_t order;
};

#define FIELD(name) OPTION_FIELD(struct fixture_settings, name)

static const char *const fixture_orders[] = {"up", "down", NULL};

static const struct option_row fixture_rows[] = {
	{OPT_COUNT("connections", 'c', FIELD(connections), "N", "100", 1, 16777216, "Connections")},
	{OPT_DURATION(
		"hold-time", 0, FIELD(hold_ns), "2s", NSEC_PER_SEC, 0, 60 * NSEC_PER_SEC, "Hold")},
	{OPT_FLAG("debug", 'd', FIELD(debug), "Debug")},
	{OPT_FLAG("assume-yes", 'y', FIELD(yes), "Yes"), .deliberate = true},
	{OPT_TEXT("port-range", 0, FIELD(port_range), "LOW-HIGH", "Ports")},
	{OPT_TEXTS("source", 0, FIELD(sources), "ADDRESS", "Sources")},
	{OPT_CHOICE("order", 0, FIELD(order), fixture_orders, "up", "Order")},
};

enum fixture_index {
	FIXTURE_CONNECTIONS,
	FIXTURE_HOLD,
	FIXTURE_DEBUG,
	FIXTURE_YES,
	FIXTURE_PORT_RANGE,
	FIXTURE_SOURCE,
	FIXTURE_ORDER,
};

static const struct options fixture_options = {
	.own = fixture_rows,
	.own_count = sizeof(fixture_rows) / sizeof(fixture_rows[0]),
	.configurable = true,
};

#endif

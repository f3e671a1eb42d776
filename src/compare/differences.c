/* SPDX-License-Identifier: MIT */
#include "compare/differences.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/units.h"

/*
 * Room for a host, for many sources and for each pace: values that differ only beyond it look the
 * same.
 */
#define VALUE_MAX SCHEDULE_TEXT_MAX

typedef void format_function(const struct result *result, char text[VALUE_MAX]);

static void put_text(char text[VALUE_MAX], const char *value)
{
	snprintf(text, VALUE_MAX, "%s", value == NULL || *value == '\0' ? "none" : value);
}

static void put_count(char text[VALUE_MAX], uint64_t value)
{
	if (value == RESULT_UNKNOWN) {
		put_text(text, "not known");
	} else {
		snprintf(text, VALUE_MAX, "%" PRIu64, value);
	}
}

static void put_duration(char text[VALUE_MAX], uint64_t ns)
{
	char duration[UNITS_TEXT_MAX];
	put_text(text, units_format_duration(ns, duration));
}

static void put_bytes(char text[VALUE_MAX], uint64_t bytes)
{
	char formatted[UNITS_TEXT_MAX];
	put_text(
		text, bytes == RESULT_UNKNOWN ? "not known" : units_format_bytes(bytes, formatted));
}

static void host(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->settings.host);
}

static void address(const struct result *result, char text[VALUE_MAX])
{
	char formatted[ADDRESS_TEXT_MAX];
	bool known = result->target.any.sa_family != AF_UNSPEC;
	put_text(text, known ? address_format_host(&result->target, formatted) : "not known");
}

static void ports(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->settings.ports);
}

static void connections(const struct result *result, char text[VALUE_MAX])
{
	put_count(text, result->settings.connections);
}

static void pace(const struct result *result, char text[VALUE_MAX])
{
	char described[SCHEDULE_TEXT_MAX];
	put_text(text, schedule_describe(&result->schedule, described));
}

static void dial_timeout(const struct result *result, char text[VALUE_MAX])
{
	put_duration(text, result->settings.dial_timeout_ns);
}

static void hold(const struct result *result, char text[VALUE_MAX])
{
	put_duration(text, result->settings.hold_ns);
}

static void sources(const struct result *result, char text[VALUE_MAX])
{
	const struct text_list *list = &result->settings.sources;
	put_text(text, list->count == 0 ? "by route" : "");
	for (size_t i = 0, used = 0; i < list->count && used < VALUE_MAX; i++) {
		used += (size_t)snprintf(
			text + used, VALUE_MAX - used, "%s%s", i > 0 ? " " : "", list->items[i]);
	}
}

static void source_port(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->settings.source_port);
}

static void close_mode(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, settings_close_names[result->settings.close_mode]);
}

static void resolve_mode(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, settings_resolve_names[result->settings.resolve_mode]);
}

static void engine(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->generator.engine);
}

static void ended(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->end == RESULT_COMPLETED ? "completed" : "ended early");
}

static void kernel(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->machine.kernel);
}

static void cpus(const struct result *result, char text[VALUE_MAX])
{
	put_count(text, result->machine.cpus_allowed);
}

static void quota(const struct result *result, char text[VALUE_MAX])
{
	const struct generator *generator = &result->generator;
	if (generator->quota_ns == RESULT_UNKNOWN || generator->quota_period_ns == 0) {
		put_text(text, NULL);
		return;
	}
	snprintf(text, VALUE_MAX, "%.0f%%",
		100.0 * (double)generator->quota_ns / (double)generator->quota_period_ns);
}

static void memory(const struct result *result, char text[VALUE_MAX])
{
	put_bytes(text, result->machine.memory_bytes);
}

static void stalls(const struct result *result, char text[VALUE_MAX])
{
	put_text(text, result->stalls.count > 0 ? "some" : "none");
}

static const struct {
	const char *name;
	format_function *format;
} rows[] = {
	{"host", host},
	{"address", address},
	{"port", ports},
	{"connections", connections},
	{"pace", pace},
	{"dial timeout", dial_timeout},
	{"hold", hold},
	{"sources", sources},
	{"source ports", source_port},
	{"close", close_mode},
	{"resolve", resolve_mode},
	{"engine", engine},
	{"end", ended},
	{"stalls of this program", stalls},
	{"kernel", kernel},
	{"CPUs", cpus},
	{"CPU quota", quota},
	{"memory", memory},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static_assert(ROWS <= DIFFERENCES_MAX, "each may differ");

/* Whether it is one of the texts of the list, which commas part. */
static bool is_listed(const char *list, const char *text)
{
	size_t length = strlen(text);
	for (const char *at = list; (at = strstr(at, text)) != NULL; at++) {
		bool begins = at == list || at[-1] == ' ';
		bool ends = at[length] == '\0' || at[length] == ',';
		if (begins && ends) {
			return true;
		}
	}
	return false;
}

/* Those that do not fit are left out. */
static void list_values(
	const struct comparison_side *side, format_function *format, char list[DIFFERENCE_TEXT_MAX])
{
	list[0] = '\0';
	size_t used = 0;
	for (size_t i = 0; i < side->count; i++) {
		char text[VALUE_MAX];
		format(side->results[i], text);
		size_t length = strlen(text);
		if (!is_listed(list, text) && used + length + 3 < DIFFERENCE_TEXT_MAX) {
			used += (size_t)snprintf(list + used, DIFFERENCE_TEXT_MAX - used, "%s%s",
				used > 0 ? ", " : "", text);
		}
	}
}

/* Whether all runs of both sides have the value of the first. */
static bool is_common(
	const struct comparison_side *a, const struct comparison_side *b, format_function *format)
{
	const struct comparison_side *sides[] = {a, b};
	char first[VALUE_MAX];
	format(a->results[0], first);
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < sides[i]->count; j++) {
			char text[VALUE_MAX];
			format(sides[i]->results[j], text);
			if (strcmp(first, text) != 0) {
				return false;
			}
		}
	}
	return true;
}

void differences_find(const struct comparison_side *a, const struct comparison_side *b,
	struct differences *ret_differences)
{
	ret_differences->count = 0;
	for (size_t i = 0; i < ROWS; i++) {
		if (!is_common(a, b, rows[i].format)) {
			struct difference *difference =
				&ret_differences->list[ret_differences->count++];
			difference->name = rows[i].name;
			list_values(a, rows[i].format, difference->a);
			list_values(b, rows[i].format, difference->b);
		}
	}
}

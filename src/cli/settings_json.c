/* SPDX-License-Identifier: MIT */
#include "cli/settings_json.h"

#include "cli/option_value.h"
#include "cli/origins.h"
#include "tcpgoon/report/json_value.h"

/* One setting; uses `value` up. */
static json_t *make_item(
	const char *name, json_t *value, const char *unit, const struct origin *origin)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o}", "name", name, "value", value, "unit",
		json_value_text(unit), "from", origin_name(origin->kind), "place",
		json_value_text(origin->place));
}

static json_t *make_value(const struct option_row *row, const struct settings *settings,
	const struct origins *origins)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return json_boolean(option_is_true(row, settings));
	case OPTION_COUNT:
	case OPTION_DURATION:
		return json_value_count(option_number(row, settings));
	case OPTION_TEXT:
		return json_value_text(option_text(row, settings));
	case OPTION_TEXTS:
		return json_value_texts(option_texts(row, settings));
	case OPTION_CHOICE:
		return json_value_text(row->choices[option_number(row, settings)]);
	case OPTION_CONFIG:
		return json_value_text(origins->file);
	case OPTION_HELP:
		break;
	}
	return json_null();
}

json_t *settings_json_make(const struct command *command, const struct command_line *line,
	const struct settings *settings)
{
	const struct origins *origins = &line->origins;
	json_t *array = json_value_append(json_array(),
		make_item("host", json_value_text(settings->host), NULL, &origins->host));
	array = json_value_append(
		array, make_item("port", json_value_text(settings->ports), NULL, &origins->port));
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (row->kind != OPTION_HELP) {
			array = json_value_append(array,
				make_item(row->name, make_value(row, settings, origins),
					row->kind == OPTION_DURATION ? "ns" : NULL,
					&origins->options[i]));
		}
	}
	return array;
}

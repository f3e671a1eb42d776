/* SPDX-License-Identifier: MIT */
#include "cli/settings_json.h"

#include "cli/json_scalar.h"
#include "cli/option_value.h"
#include "cli/origins.h"

/* One setting; uses `value` up. */
static json_t *make_item(
	const char *name, json_t *value, const char *unit, const struct origin *origin)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o}", "name", name, "value", value, "unit",
		json_scalar_text(unit), "from", origin_name(origin->kind), "place",
		json_scalar_text(origin->place));
}

static json_t *make_texts(const struct text_list *list)
{
	json_t *texts = json_array();
	for (size_t i = 0; texts != NULL && i < list->count; i++) {
		if (json_array_append_new(texts, json_scalar_text(list->items[i])) != 0) {
			json_decref(texts);
			return NULL;
		}
	}
	return texts;
}

static json_t *make_value(const struct option_row *row, const struct settings *settings,
	const struct origins *origins)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return json_boolean(option_is_true(row, settings));
	case OPTION_COUNT:
	case OPTION_DURATION:
		return json_scalar_number(option_number(row, settings));
	case OPTION_TEXT:
		return json_scalar_text(option_text(row, settings));
	case OPTION_TEXTS:
		return make_texts(option_texts(row, settings));
	case OPTION_CHOICE:
		return json_scalar_text(row->choices[option_number(row, settings)]);
	case OPTION_CONFIG:
		return json_scalar_text(origins->file);
	case OPTION_HELP:
		break;
	}
	return json_null();
}

static int append(json_t *array, json_t *item)
{
	return json_array_append_new(array, item);
}

json_t *settings_json_make(const struct command *command, const struct command_line *line,
	const struct settings *settings)
{
	const struct origins *origins = &line->origins;
	json_t *array = json_array();
	int r = append(
		array, make_item("host", json_scalar_text(settings->host), NULL, &origins->host));
	r |= append(
		array, make_item("port", json_scalar_text(settings->ports), NULL, &origins->port));
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (row->kind != OPTION_HELP) {
			r |= append(array,
				make_item(row->name, make_value(row, settings, origins),
					row->kind == OPTION_DURATION ? "ns" : NULL,
					&origins->options[i]));
		}
	}
	if (r != 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

/* SPDX-License-Identifier: MIT */
/* A member of the JSON report, described once: written from a struct and read back into it. */
#ifndef TCPGOON_REPORT_JSON_FIELD_H
#define TCPGOON_REPORT_JSON_FIELD_H

#include <jansson.h>
#include <stddef.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/result/figures.h"

enum json_kind {
	JSON_COUNT, /* uint64_t or uint32_t */
	JSON_MAYBE, /* uint64_t; null is RESULT_UNKNOWN */
	JSON_SIGNED, /* int64_t */
	JSON_FLAG, /* bool */
	JSON_LINE, /* char[]; null is an empty one */
	JSON_TEXT, /* char *, owned; null is NULL */
	JSON_TEXTS, /* struct text_list of copies */
	JSON_CHOICE, /* an enum, by its word; null is the value that has none */
	JSON_ERRNO, /* int, by its name; null is 0 */
	JSON_HOST, /* struct address without its port; null is one of no family */
	JSON_PORT, /* of the address, which stands before it; null as above */
	JSON_BITS, /* uint64_t, as the list of the bits that are set */
};

struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset;
	size_t size;
	/* Of JSON_CHOICE: the word of each value below `words`. */
	const char *(*word)(int value);
	int words;
};

/* The members of one object. */
struct json_table {
	const struct json_field *fields;
	size_t count;
};

/* The value; NULL where memory is short. */
json_t *json_field_make(const struct json_field *field, const void *base);

/* Adds the members to an object. Returns 0, or -1 where memory is short. */
int json_table_write(const struct json_table *table, const void *base, json_t *object);

/* Adds the figures of a group. Returns as above. */
int json_figures_write(enum figure_group group, const struct result *result, json_t *object);

/* Where in a document reading is, for messages: "series[3].open". */
struct json_place {
	char text[160];
	size_t length;
	struct error *error;
};

/* Goes into a member, or into an item. Returns what json_place_leave() takes to go back. */
size_t json_place_enter(struct json_place *place, const char *name);
size_t json_place_enter_item(struct json_place *place, size_t index);
void json_place_leave(struct json_place *place, size_t mark);

/* "generator.lanes: expected a whole number, found null". Returns -EINVAL. */
int json_place_fail(const struct json_place *place, const json_t *found, const char *expected);
/* Says that memory is short. Returns -ENOMEM. */
int json_place_fail_memory(const struct json_place *place);

/*
 * Read from `object` what the above wrote. A member that is missing or not of its kind fails with
 * -EINVAL and a message that names it; members that are not known are passed over.
 */
int json_table_read(
	const struct json_table *table, void *base, const json_t *object, struct json_place *place);
int json_figures_read(enum figure_group group, struct result *result, const json_t *object,
	struct json_place *place);

/* A single one, from its own value. */
int json_field_read(
	const struct json_field *field, void *base, const json_t *value, struct json_place *place);

#endif

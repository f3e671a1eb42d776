/* SPDX-License-Identifier: MIT */
/*
 * What is written and what is read cannot drift apart: both go through the same row. Each kind has
 * a function that makes its value and one that takes it.
 */
#include "report/json_field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/report/json_value.h"

/* Errnos of Linux end well below. */
#define ERRNO_MAX 4095

#define BITS 64

static json_t *make_host(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	return address->any.sa_family == AF_UNSPEC
		? json_null()
		: json_value_text(address_format_host(address, text));
}

static json_t *make_port(const struct address *address)
{
	return address->any.sa_family == AF_UNSPEC ? json_null()
						   : json_value_count(address_port(address));
}

static json_t *make_bits(uint64_t bits)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < BITS && list != NULL; i++) {
		if ((bits >> i & 1) != 0) {
			list = json_value_append(list, json_integer(i));
		}
	}
	return list;
}

static uint64_t count_at(const struct json_field *field, const void *at)
{
	return field->size == sizeof(uint64_t) ? *(const uint64_t *)at : *(const uint32_t *)at;
}

json_t *json_field_make(const struct json_field *field, const void *base)
{
	const void *at = (const char *)base + field->offset;
	switch (field->kind) {
	case JSON_COUNT:
	case JSON_MAYBE:
		return json_value_count(count_at(field, at));
	case JSON_SIGNED:
		return json_integer(*(const int64_t *)at);
	case JSON_FLAG:
		return json_boolean(*(const bool *)at);
	case JSON_LINE:
		return json_value_text(*(const char *)at != '\0' ? at : NULL);
	case JSON_TEXT:
		return json_value_text(*(char *const *)at);
	case JSON_TEXTS:
		return json_value_texts(at);
	case JSON_CHOICE:
		return json_value_text(field->word((int)*(const uint32_t *)at));
	case JSON_ERRNO:
		return json_value_errno(*(const int *)at);
	case JSON_HOST:
		return make_host(at);
	case JSON_PORT:
		return make_port(at);
	case JSON_BITS:
		return make_bits(*(const uint64_t *)at);
	}
	return NULL;
}

int json_table_write(const struct json_table *table, const void *base, json_t *object)
{
	int r = 0;
	for (size_t i = 0; i < table->count; i++) {
		const struct json_field *field = &table->fields[i];
		r |= json_object_set_new(object, field->name, json_field_make(field, base));
	}
	return r;
}

int json_figures_write(enum figure_group group, const struct result *result, json_t *object)
{
	const struct figure *figure;
	int r = 0;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure->group == group) {
			r |= json_object_set_new(object, figure->name,
				json_value_count(figure_value(figure, result)));
		}
	}
	return r;
}

static size_t enter(struct json_place *place, const char *format, const char *name, size_t index)
{
	size_t mark = place->length;
	size_t room = sizeof(place->text) - mark;
	int used = name != NULL
		? snprintf(place->text + mark, room, format, mark > 0 ? "." : "", name)
		: snprintf(place->text + mark, room, "[%zu]", index);
	place->length += (size_t)used < room ? (size_t)used : room - 1;
	return mark;
}

size_t json_place_enter(struct json_place *place, const char *name)
{
	return enter(place, "%s%s", name, 0);
}

size_t json_place_enter_item(struct json_place *place, size_t index)
{
	return enter(place, NULL, NULL, index);
}

void json_place_leave(struct json_place *place, size_t mark)
{
	place->length = mark;
	place->text[mark] = '\0';
}

/* "null", "an object", "-3", "'word'". */
static void describe(const json_t *value, char *text, size_t size)
{
	if (value == NULL) {
		snprintf(text, size, "nothing");
		return;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		snprintf(text, size, "an object");
		return;
	case JSON_ARRAY:
		snprintf(text, size, "a list of %zu", json_array_size(value));
		return;
	case JSON_STRING:
		snprintf(text, size, "'%.60s'", json_string_value(value));
		return;
	case JSON_INTEGER:
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return;
	case JSON_REAL:
		snprintf(text, size, "%g", json_real_value(value));
		return;
	case JSON_TRUE:
		snprintf(text, size, "true");
		return;
	case JSON_FALSE:
		snprintf(text, size, "false");
		return;
	case JSON_NULL:
		break;
	}
	snprintf(text, size, "null");
}

int json_place_fail(const struct json_place *place, const json_t *found, const char *expected)
{
	char text[80];
	describe(found, text, sizeof(text));
	return error_set(place->error, -EINVAL, "%s: expected %s, found %s",
		place->length > 0 ? place->text : "the document", expected, text);
}

int json_place_fail_memory(const struct json_place *place)
{
	return error_set(place->error, -ENOMEM, "out of memory for the result");
}

static int read_count(
	const struct json_field *field, void *at, const json_t *value, struct json_place *place)
{
	bool wide = field->size == sizeof(uint64_t);
	if (field->kind == JSON_MAYBE && json_is_null(value)) {
		*(uint64_t *)at = RESULT_UNKNOWN;
		return 0;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0) {
		return json_place_fail(place, value,
			field->kind == JSON_MAYBE ? "a whole number from 0 on, or null"
						  : "a whole number from 0 on");
	}
	uint64_t count = (uint64_t)json_integer_value(value);
	if (wide) {
		*(uint64_t *)at = count;
		return 0;
	}
	if (count > UINT32_MAX) {
		return json_place_fail(place, value, "a whole number of 32 bits");
	}
	*(uint32_t *)at = (uint32_t)count;
	return 0;
}

/* The first bytes of a text that is too long, between whole characters. */
static size_t length_that_fits(const char *text, size_t length, size_t room)
{
	if (length > room) {
		for (length = room; length > 0 && (text[length] & 0xc0) == 0x80; length--) {
		}
	}
	return length;
}

/*
 * One whose bytes were no UTF-8 is longer than it was, as they were escaped: its end is lost then.
 */
static int read_line(
	const struct json_field *field, char *at, const json_t *value, struct json_place *place)
{
	if (json_is_null(value)) {
		at[0] = '\0';
		return 0;
	}
	/* An empty text would come back as null. */
	if (!json_is_string(value) || json_string_length(value) == 0) {
		return json_place_fail(place, value, "a text that is not empty, or null");
	}
	const char *text = json_string_value(value);
	memset(at, 0, field->size);
	memcpy(at, text, length_that_fits(text, json_string_length(value), field->size - 1));
	return 0;
}

static int read_text(char **at, const json_t *value, struct json_place *place)
{
	char *copy = NULL;
	if (json_is_string(value)) {
		copy = strdup(json_string_value(value));
		if (copy == NULL) {
			return json_place_fail_memory(place);
		}
	} else if (!json_is_null(value)) {
		return json_place_fail(place, value, "a text, or null");
	}
	free(*at);
	*at = copy;
	return 0;
}

static int read_texts(struct text_list *list, const json_t *value, struct json_place *place)
{
	if (!json_is_array(value) || json_array_size(value) > TEXT_LIST_MAX) {
		return json_place_fail(place, value, "a list of at most 64 texts");
	}
	text_list_free_copies(list);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		size_t mark = json_place_enter_item(place, i);
		if (!json_is_string(item)) {
			return json_place_fail(place, item, "a text");
		}
		if (text_list_add_copy(list, json_string_value(item)) < 0) {
			return json_place_fail_memory(place);
		}
		json_place_leave(place, mark);
	}
	return 0;
}

static int read_choice(
	const struct json_field *field, uint32_t *at, const json_t *value, struct json_place *place)
{
	for (int i = 0; i < field->words; i++) {
		const char *word = field->word(i);
		if (word == NULL ? json_is_null(value)
				 : json_is_string(value) &&
					strcmp(json_string_value(value), word) == 0) {
			*at = (uint32_t)i;
			return 0;
		}
	}
	return json_place_fail(place, value, "one of the words that the schema lists");
}

static int read_errno(int *at, const json_t *value, struct json_place *place)
{
	if (json_is_null(value)) {
		*at = 0;
		return 0;
	}
	for (int number = 1; json_is_string(value) && number <= ERRNO_MAX; number++) {
		char digits[JSON_ERRNO_DIGITS];
		if (strcmp(json_string_value(value), json_errno_word(number, digits)) == 0) {
			*at = number;
			return 0;
		}
	}
	return json_place_fail(place, value, "the name of an errno, or null");
}

/*
 * A zone is an interface of the host that wrote it. Where there is none of that name, the address
 * is kept without it; a number stays one.
 */
static int parse_foreign_zone(const char *text, struct address *ret_address)
{
	char bare[ADDRESS_TEXT_MAX];
	size_t length = strcspn(text, "%");
	if (text[length] == '\0' || length >= sizeof(bare)) {
		return -EINVAL;
	}
	memcpy(bare, text, length);
	bare[length] = '\0';
	int r = address_parse_literal(bare, 0, ret_address);
	if (r == 0) {
		char *end;
		unsigned long number = strtoul(text + length + 1, &end, 10);
		bool plain = *end == '\0' && number <= UINT32_MAX;
		ret_address->v6.sin6_scope_id = plain ? (uint32_t)number : 0;
	}
	return r;
}

static int read_host(struct address *at, const json_t *value, struct json_place *place)
{
	struct address address = {.any = {.sa_family = AF_UNSPEC}};
	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		int r = address_parse_literal(text, 0, &address);
		if (r == -ENODEV) {
			r = parse_foreign_zone(text, &address);
		}
		if (r < 0 || text[0] == '[') {
			return json_place_fail(place, value, "an IPv4 or IPv6 address, or null");
		}
	} else if (!json_is_null(value)) {
		return json_place_fail(place, value, "an IPv4 or IPv6 address, or null");
	}
	*at = address;
	return 0;
}

static int read_port(struct address *at, const json_t *value, struct json_place *place)
{
	if (at->any.sa_family == AF_UNSPEC) {
		return json_is_null(value)
			? 0
			: json_place_fail(place, value, "null, as there is no address");
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > UINT16_MAX) {
		return json_place_fail(place, value, "a port from 0 to 65535");
	}
	address_set_port(at, (uint16_t)json_integer_value(value));
	return 0;
}

static int read_bits(uint64_t *at, const json_t *value, struct json_place *place)
{
	uint64_t bits = 0;
	bool fits = json_is_array(value);
	for (size_t i = 0; fits && i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		json_int_t bit = json_is_integer(item) ? json_integer_value(item) : -1;
		fits = bit >= 0 && bit < BITS && (bits >> bit) == 0; /* in their order */
		bits |= fits ? UINT64_C(1) << bit : 0;
	}
	if (!fits) {
		return json_place_fail(place, value, "a list of numbers from 0 to 63 that grow");
	}
	*at = bits;
	return 0;
}

int json_field_read(
	const struct json_field *field, void *base, const json_t *value, struct json_place *place)
{
	void *at = (char *)base + field->offset;
	switch (field->kind) {
	case JSON_COUNT:
	case JSON_MAYBE:
		return read_count(field, at, value, place);
	case JSON_SIGNED:
		if (!json_is_integer(value)) {
			return json_place_fail(place, value, "a whole number");
		}
		*(int64_t *)at = json_integer_value(value);
		return 0;
	case JSON_FLAG:
		if (!json_is_boolean(value)) {
			return json_place_fail(place, value, "true or false");
		}
		*(bool *)at = json_is_true(value);
		return 0;
	case JSON_LINE:
		return read_line(field, at, value, place);
	case JSON_TEXT:
		return read_text(at, value, place);
	case JSON_TEXTS:
		return read_texts(at, value, place);
	case JSON_CHOICE:
		return read_choice(field, at, value, place);
	case JSON_ERRNO:
		return read_errno(at, value, place);
	case JSON_HOST:
		return read_host(at, value, place);
	case JSON_PORT:
		return read_port(at, value, place);
	case JSON_BITS:
		return read_bits(at, value, place);
	}
	return -EINVAL;
}

static int read_member(
	const struct json_field *field, void *base, const json_t *object, struct json_place *place)
{
	size_t mark = json_place_enter(place, field->name);
	int r = json_field_read(field, base, json_object_get(object, field->name), place);
	json_place_leave(place, mark);
	return r;
}

int json_table_read(
	const struct json_table *table, void *base, const json_t *object, struct json_place *place)
{
	int r = 0;
	for (size_t i = 0; i < table->count && r == 0; i++) {
		r = read_member(&table->fields[i], base, object, place);
	}
	return r;
}

static int read_figure(const struct figure *figure, struct result *result, const json_t *object,
	struct json_place *place)
{
	uint64_t value = 0;
	const struct json_field field = {
		.name = figure->name,
		.kind = figure->may_be_unknown ? JSON_MAYBE : JSON_COUNT,
		.size = sizeof(value),
	};
	int r = read_member(&field, &value, object, place);
	if (r == 0 && !figure_set(figure, result, value)) {
		size_t mark = json_place_enter(place, figure->name);
		r = json_place_fail(
			place, json_object_get(object, figure->name), "a whole number of 32 bits");
		json_place_leave(place, mark);
	}
	return r;
}

int json_figures_read(enum figure_group group, struct result *result, const json_t *object,
	struct json_place *place)
{
	const struct figure *figure;
	int r = 0;
	for (size_t i = 0; r == 0 && (figure = figure_at(i)) != NULL; i++) {
		if (figure->group == group) {
			r = read_figure(figure, result, object, place);
		}
	}
	return r;
}

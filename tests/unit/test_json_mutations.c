/* SPDX-License-Identifier: MIT */
/*
 * Reports with one thing wrong, through the fuzz target: each is refused with a sentence that names
 * the member, or is a result that can be judged and written again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json_samples.h"
#include "round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bytes(const char *text, size_t length)
{
	assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)text, length), 0);
}

/* The report of a sample, without blanks. */
static json_t *document_of(int (*sample)(struct result *result))
{
	static struct threshold_rules rules;
	static struct verdict verdict;
	struct result *result = malloc(sizeof(*result));
	size_t length;
	assert_non_null(result);
	assert_int_equal(sample(result), 0);
	assert_int_equal(threshold_rules_read(&rules, &result->settings.fail_if,
				 &result->settings.abort_if, NULL),
		0);
	verdict_judge(result, &rules, &verdict);
	char *text = write_json(result, &verdict, &length);
	json_t *root = json_loadb(text, length, 0, NULL);
	assert_non_null(root);
	free(text);
	result_finish(result);
	free(result);
	return root;
}

static void a_document_that_is_cut_off(void **state)
{
	(void)state;
	json_t *root = document_of(sample_empty);
	char *text = json_dumps(root, JSON_COMPACT);
	size_t length = strlen(text);
	struct result result;
	for (size_t i = 0; i < length; i++) {
		struct error error = ERROR_INIT;
		assert_int_equal(json_read(text, i, &result, &error), -EINVAL);
		assert_non_null(strstr(error.text, "line 1, column "));
	}
	try_bytes(text, length);
	free(text);
	json_decref(root);
}

static void each_byte_that_is_another(void **state)
{
	(void)state;
	json_t *root = document_of(sample_empty);
	char *text = json_dumps(root, JSON_COMPACT);
	size_t length = strlen(text);
	static const char others[] = {'\0', '"', '9', '-', '}', '\xff'};
	for (size_t i = 0; i < length; i += 3) {
		char byte = text[i];
		text[i] = others[i / 3 % sizeof(others)];
		try_bytes(text, length);
		text[i] = byte;
	}
	free(text);
	json_decref(root);
}

/* What a value is replaced by. */
static const char *const replacements[] = {"null", "true", "-1", "4294967296",
	"9223372036854775807", "0.5", "\"\"", "\"\\u00e9%s%n\"", "[]", "[null]", "{\"x\": null}"};

/* Items and members beyond these are as the ones before: causes, counters of the kernel. */
#define ITEMS_TRIED 1
#define MEMBERS_TRIED 16

struct walk {
	json_t *root;
	size_t tried;
	size_t refused;
};

/* Of what is refused the sentence names the member, or the object that it contradicts. */
static void try_document(struct walk *walk, const char *top)
{
	char *text = json_dumps(walk->root, JSON_COMPACT);
	struct result result;
	struct error error = ERROR_INIT;
	assert_non_null(text);
	walk->tried++;
	if (json_read(text, strlen(text), &result, &error) < 0) {
		walk->refused++;
		bool kernel = strcmp(top, "kernel") == 0 &&
			strncmp(error.text, "kernel_not_asked", 16) == 0;
		bool target = strcmp(top, "targets") == 0 &&
			strncmp(error.text, "listener.target", 15) == 0;
		if (strncmp(error.text, top, strlen(top)) != 0 && !kernel && !target) {
			fail_msg("%s: %s", top, error.text);
		}
	} else {
		result_finish(&result);
		try_bytes(text, strlen(text));
	}
	free(text);
}

#define KEYS_MAX 64

/* Setting a member while iterating is for members that are there, so first the keys. */
static size_t list_keys(json_t *object, const char *keys[KEYS_MAX])
{
	size_t count = 0;
	for (void *at = json_object_iter(object); at != NULL;
		at = json_object_iter_next(object, at)) {
		assert_true(count < KEYS_MAX);
		keys[count++] = json_object_iter_key(at);
	}
	return count;
}

static void replace_below(struct walk *walk, json_t *value, const char *top);

/* Puts each replacement where `key` or `index` is, and then looks below what was there. */
static void replace_at(
	struct walk *walk, json_t *parent, const char *key, size_t index, const char *top)
{
	json_t *old = key != NULL ? json_object_get(parent, key) : json_array_get(parent, index);
	json_incref(old);
	for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++) {
		json_t *new = json_loads(replacements[i], JSON_DECODE_ANY, NULL);
		assert_non_null(new);
		if (key != NULL) {
			json_object_set_new(parent, key, new);
		} else {
			json_array_set_new(parent, index, new);
		}
		try_document(walk, top);
	}
	if (key != NULL) {
		json_object_set(parent, key, old);
	} else {
		json_array_set(parent, index, old);
	}
	replace_below(walk, old, top);
	json_decref(old);
}

/* Verdict, thresholds and findings are passed over, whatever they are. */
static bool is_read(const char *member)
{
	static const char *const passed_over[] = {
		"verdict", "thresholds", "findings", "tool", "survival"};
	for (size_t i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++) {
		if (strcmp(member, passed_over[i]) == 0) {
			return false;
		}
	}
	return true;
}

static void replace_below(struct walk *walk, json_t *value, const char *top)
{
	for (size_t i = 0; i < json_array_size(value) && i < ITEMS_TRIED; i++) {
		replace_at(walk, value, NULL, i, top);
	}
	const char *keys[KEYS_MAX];
	size_t count = list_keys(value, keys);
	for (size_t i = 0; i < count && (value == walk->root || i < MEMBERS_TRIED); i++) {
		if (value != walk->root || is_read(keys[i])) {
			replace_at(walk, value, keys[i], 0, top != NULL ? top : keys[i]);
		}
	}
}

static void each_value_that_is_another(void **state)
{
	(void)state;
	struct walk walk = {.root = document_of(sample_full)};
	replace_below(&walk, walk.root, NULL);
	json_decref(walk.root);
	assert_true(walk.tried > 1500);
	assert_true(walk.refused > walk.tried / 2);
}

static void remove_each(struct walk *walk, json_t *object, const char *top)
{
	const char *keys[KEYS_MAX];
	size_t count = list_keys(object, keys);
	for (size_t i = 0; i < count && (top == NULL || i < MEMBERS_TRIED); i++) {
		char key[64];
		snprintf(key, sizeof(key), "%s", keys[i]); /* which goes with the member */
		json_t *old = json_incref(json_object_get(object, key));
		json_t *below = json_is_array(old) ? json_array_get(old, 0) : old;
		json_object_del(object, key);
		try_document(walk, top != NULL ? top : key);
		json_object_set(object, key, old);
		if (json_is_object(below)) {
			remove_each(walk, below, top != NULL ? top : key);
		}
		json_decref(old);
	}
}

static void each_member_that_is_missing(void **state)
{
	(void)state;
	struct walk walk = {.root = document_of(sample_full)};
	remove_each(&walk, walk.root, NULL);
	json_decref(walk.root);
	assert_true(walk.tried > 200);
}

/* Deeper than the parser goes, longer than a list may be. */
static void nesting_and_length_have_bounds(void **state)
{
	(void)state;
	enum { DEPTH = 100000 };
	char *deep = malloc(DEPTH);
	assert_non_null(deep);
	memset(deep, '[', DEPTH);
	try_bytes(deep, DEPTH);
	for (size_t i = 0; i + 5 < DEPTH; i += 5) {
		memcpy(deep + i, "{\"a\":", 5);
	}
	try_bytes(deep, DEPTH);
	free(deep);

	static const char *const lists[] = {
		"series", "targets", "groups", "refusals", "ways", "own_rules", "causes"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct walk walk = {.root = document_of(sample_distinct)};
		json_t *list = json_object_get(walk.root, lists[i]);
		json_t *item = json_array_get(list, 0);
		for (int j = 0; j < 200; j++) {
			json_array_append(list, item);
		}
		try_document(&walk, lists[i]);
		assert_int_equal(walk.refused, 1);
		json_decref(walk.root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_that_is_cut_off),
		cmocka_unit_test(each_byte_that_is_another),
		cmocka_unit_test(each_value_that_is_another),
		cmocka_unit_test(each_member_that_is_missing),
		cmocka_unit_test(nesting_and_length_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

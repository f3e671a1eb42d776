/* SPDX-License-Identifier: MIT */
/* Compares whole reports on the samples with those in tests/unit/expected/NAME-SAMPLE.EXTENSION. */
#ifndef TESTS_UNIT_EXPECTED_H
#define TESTS_UNIT_EXPECTED_H

#include <stdbool.h>
#include <stdlib.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/report/report.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/hdr_encoding.h"

/*
 * In these files stand for what differs from build to build:
 *   @VERSION@       the version of the project
 *   @HDR connect@   a time as HdrHistogram encodes it, as the bytes depend on the version of zlib
 * After a mismatch, what came out is in the file that the message names; look at the difference,
 * and copy it where it is meant.
 */

struct expected_sample {
	struct result result;
	struct threshold_rules rules;
	struct verdict verdict;
};

/* Characters that one or another format takes for its own, controls, and bytes that are no UTF-8. */
#define EXPECTED_HOSTILE                                         \
	"a\"b'c<d>&e|f`g*h_i[j](k)#l%m:n,o\\p{q}$r~s!t@u\n\r\tv" \
	"\x01\x1b[31m\x7f\xc2\x85w\xff\xc3x\xe2\x80\xaey\xef\xbf\xbfz\xc3\xa9]]>"

static inline int expected_make_hostile(struct expected_sample *sample)
{
	struct settings settings;
	sample_settings(&settings);
	settings.host = EXPECTED_HOSTILE;
	settings.ports = EXPECTED_HOSTILE;
	settings.source_port = EXPECTED_HOSTILE;
	settings.sources = (struct text_list){.items = {EXPECTED_HOSTILE}, .count = 1};
	struct result *result = &sample->result;
	result_settings_finish(&result->settings);
	int r = result_set_settings(result, &settings);
	snprintf(result->error.text, sizeof(result->error.text), "%s", EXPECTED_HOSTILE);
	snprintf(result->generator.engine, sizeof(result->generator.engine), "<\"\n>");
	snprintf(result->machine.kernel, sizeof(result->machine.kernel), "6<\"\x02\\>");
	struct verdict *verdict = &sample->verdict;
	struct finding *finding = &verdict->findings.list[0];
	snprintf(finding->evidence, sizeof(finding->evidence), "%s", EXPECTED_HOSTILE);
	snprintf(finding->hint, sizeof(finding->hint), "%s", EXPECTED_HOSTILE);
	snprintf(verdict->reasons[0], sizeof(verdict->reasons[0]), "%s", EXPECTED_HOSTILE);
	return r;
}

/* The caller frees it; result_finish() is due. */
static inline struct expected_sample *expected_make(const char *name)
{
	struct expected_sample *sample = calloc(1, sizeof(*sample));
	assert_non_null(sample);
	int r;
	if (strcmp(name, "declined") == 0) {
		r = sample_declined(&sample->result, &sample->verdict);
	} else if (strcmp(name, "empty") == 0) {
		r = sample_empty(&sample->result);
		sample->verdict = plain_verdict(&sample->result);
	} else {
		r = sample_full(&sample->result);
		r |= sample_verdict(&sample->result, &sample->rules, &sample->verdict);
	}
	if (strcmp(name, "hostile") == 0) {
		r |= expected_make_hostile(sample);
	}
	assert_int_equal(r, 0);
	return sample;
}

static inline char *expected_render(
	const struct report_ops *ops, const struct expected_sample *sample)
{
	struct report report = REPORT_INIT;
	report.ops = ops;
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(
		report_render(&report, &sample->result, &sample->verdict, &text, &length), 0);
	assert_int_equal(strlen(text), length);
	report_finish(&report);
	return text;
}

static inline char *expected_read(const char *path)
{
	size_t size = 0;
	char *text = NULL;
	FILE *in = fopen(path, "r");
	if (in != NULL) {
		if (getdelim(&text, &size, '\0', in) < 0) {
			text[0] = '\0';
		}
		fclose(in);
	}
	return text != NULL ? text : strdup("");
}

/* Writes what stands for the placeholder at the beginning. Returns its length; 0: it is none. */
static inline size_t expected_replace(
	FILE *out, const char *text, const struct expected_sample *sample)
{
	const char *version = "@VERSION@";
	if (strncmp(text, version, strlen(version)) == 0) {
		fputs(PROJECT_VERSION, out);
		return strlen(version);
	}
	for (int i = 0; i < TIMES_MAX; i++) {
		char name[64];
		snprintf(name, sizeof(name), "@HDR %s@", times_row((enum times)i)->name);
		if (strncmp(text, name, strlen(name)) == 0) {
			char *encoded = NULL;
			assert_int_equal(histogram_encode(&sample->result.times[i], &encoded), 0);
			fputs(encoded, out);
			free(encoded);
			return strlen(name);
		}
	}
	return 0;
}

static inline char *expected_expand(const char *text, const struct expected_sample *sample)
{
	char *expanded = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&expanded, &length);
	assert_non_null(out);
	while (*text != '\0') {
		size_t skipped = *text == '@' ? expected_replace(out, text, sample) : 0;
		if (skipped == 0) {
			fputc(*text, out);
			skipped = 1;
		}
		text += skipped;
	}
	assert_int_equal(fclose(out), 0);
	return expanded;
}

static inline void expected_check(const struct report_ops *ops, const char *name)
{
	struct expected_sample *sample = expected_make(name);
	char *text = expected_render(ops, sample);
	char path[512];
	char file[64];
	snprintf(file, sizeof(file), "%s-%s.%s", ops->name, name, ops->extension);
	snprintf(path, sizeof(path), "%s/%s", EXPECTED, file);
	char *source = expected_read(path);
	char *wanted = expected_expand(source, sample);
	if (strcmp(text, wanted) != 0) {
		FILE *out = fopen(file, "w");
		assert_non_null(out);
		fputs(text, out);
		fclose(out);
		print_error("not as in %s; what came out is in ./%s\n", path, file);
	}
	assert_string_equal(text, wanted);
	free(text);
	free(source);
	free(wanted);
	result_finish(&sample->result);
	free(sample);
}

/* That a stream which takes nothing is told. */
static inline void expected_check_failure(const struct report_ops *ops)
{
	struct expected_sample *sample = expected_make("full");
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_int_equal(ops->end(NULL, full, &sample->result, &sample->verdict), -EIO);
	fclose(full);
	result_finish(&sample->result);
	free(sample);
}

static inline void a_run_with_some_of_everything(void **state)
{
	expected_check(*state, "full");
}

static inline void a_run_of_which_nothing_is_known(void **state)
{
	expected_check(*state, "empty");
}

static inline void a_run_that_did_not_begin(void **state)
{
	expected_check(*state, "declined");
}

static inline void texts_that_mean_something_to_a_format(void **state)
{
	expected_check(*state, "hostile");
}

static inline void output_that_fails_is_told(void **state)
{
	expected_check_failure(*state);
}

/* All of the above. Returns how many failed. */
static inline int expected_run(const struct report_ops *ops)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_run_with_some_of_everything, (void *)ops),
		cmocka_unit_test_prestate(a_run_of_which_nothing_is_known, (void *)ops),
		cmocka_unit_test_prestate(a_run_that_did_not_begin, (void *)ops),
		cmocka_unit_test_prestate(texts_that_mean_something_to_a_format, (void *)ops),
		cmocka_unit_test_prestate(output_that_fails_is_told, (void *)ops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

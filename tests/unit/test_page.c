/* SPDX-License-Identifier: MIT */
/* The page of the format html: its parts, and that no text of a run can leave its place in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_samples.h"
#include "report/html.h"
#include "report/page.h"

static void texts_become_harmless_html(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	page_write_text(out, "</title><script>a && b</script> \"\xc3\xa4\"");
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
		"&lt;/title&gt;&lt;script&gt;a &amp;&amp; b&lt;/script&gt; &quot;\xc3\xa4&quot;");
	free(text);
}

static void strings_of_json_cannot_end_their_element(void **state)
{
	(void)state;
	static const char hostile[] = "</script><!-- <script> & \" \\ \xe2\x80\xa8";
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	json_t *value = json_pack("{s:s}", hostile, hostile);
	assert_non_null(value);
	assert_int_equal(page_write_json(out, value), 0);
	assert_int_equal(fclose(out), 0);
	assert_null(strpbrk(text, "<>&"));
	json_t *again = json_loads(text, 0, NULL);
	assert_true(json_equal(value, again));
	json_decref(again);
	json_decref(value);
	free(text);
}

static char *render(const char *host, size_t parts)
{
	static const struct threshold_rules no_rules = {.count = 0};
	struct result result;
	struct verdict verdict;
	assert_int_equal(sample_empty(&result), 0);
	free(result.settings.host);
	result.settings.host = strdup(host);
	verdict_judge(&result, &no_rules, &verdict);
	const struct report_part part = {"a", &result, &verdict};
	const struct report_part list[] = {part, {host, &result, &verdict}};
	struct report report = REPORT_INIT;
	report.ops = &report_html;
	if (parts > 1) {
		assert_int_equal(report_set_parts(&report, list, 2), 0);
	}
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(report_render(&report, &result, &verdict, &text, &length), 0);
	assert_int_equal(strlen(text), length);
	report_finish(&report);
	result_finish(&result);
	return text;
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
		count++;
	}
	return count;
}

static void hosts_stay_in_their_places(void **state)
{
	(void)state;
	for (size_t parts = 1; parts <= 2; parts++) {
		char *plain = render("example.org", parts);
		char *hostile = render("</script><script>alert(1)</script><!--", parts);
		assert_int_equal(count_of(plain, "<script"), count_of(hostile, "<script"));
		assert_int_equal(count_of(plain, "</script"), count_of(hostile, "</script"));
		assert_int_equal(count_of(plain, "<!--"), count_of(hostile, "<!--"));
		assert_true(count_of(hostile, "&lt;script&gt;alert(1)") >= 2); /* title, text */
		assert_true(count_of(hostile, "\\u003cscript\\u003ealert(1)") >= 1);
		free(hostile);
		free(plain);
	}
}

/* Only what a namespace or a licence is called by, never what a browser would fetch. */
static void nothing_is_fetched(void **state)
{
	(void)state;
	char *text = render("example.org", 1);
	assert_int_equal(strncmp(text, "<!DOCTYPE html>\n", 16), 0);
	assert_non_null(strstr(text, "default-src 'none'; script-src 'sha256-"));
	assert_null(strstr(text, "src=\""));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, "url("));
	assert_int_equal(count_of(text, "href=\"http"), 0);
	assert_non_null(strstr(text, "Permission is hereby granted"));
	assert_non_null(strstr(text, "Chart.js v3"));
	free(text);
}

/* Bytes that are no UTF-8 would make the page, and its JSON, unreadable. */
static void other_bytes_are_shown_as_escapes(void **state)
{
	(void)state;
	char *text = render("a\xff", 2);
	assert_non_null(strstr(text, "<title>tcpgoon: a\\xff and 1 more</title>"));
	assert_null(strchr(text, '\xff'));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_harmless_html),
		cmocka_unit_test(strings_of_json_cannot_end_their_element),
		cmocka_unit_test(hosts_stay_in_their_places),
		cmocka_unit_test(nothing_is_fetched),
		cmocka_unit_test(other_bytes_are_shown_as_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

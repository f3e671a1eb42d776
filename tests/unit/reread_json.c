/* SPDX-License-Identifier: MIT */
/* reread_json < REPORT: reads a stored report, judges it again, and prints the report of that. */
#include <stdio.h>

#include "report/json.h"
#include "tcpgoon/report/json_read.h"
#include "tcpgoon/verdict/verdict.h"

#define REPORT_BYTES_MAX (1 << 20)

int main(void)
{
	static char text[REPORT_BYTES_MAX];
	static struct threshold_rules rules;
	static struct verdict verdict;
	struct result result;
	struct error error = ERROR_INIT;
	size_t length = fread(text, 1, sizeof(text), stdin);
	if (json_read(text, length, &result, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	const struct result_settings *settings = &result.settings;
	int r = threshold_rules_read(&rules, &settings->fail_if, &settings->abort_if, &error);
	if (r == 0) {
		verdict_judge(&result, &rules, &verdict);
		r = report_json.end(NULL, stdout, &result, &verdict);
	}
	result_finish(&result);
	return r == 0 ? 0 : 1;
}

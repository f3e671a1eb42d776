/* SPDX-License-Identifier: MIT */
/* print_json_sample empty|full: the report of a sample, for the check against the schema. */
#include <string.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "tcpgoon/report/json.h"

int main(int argc, char **argv)
{
	struct result result;
	struct threshold_rules rules;
	struct verdict verdict;
	if (argc != 2) {
		return 1;
	}
	bool full = strcmp(argv[1], "full") == 0;
	int r = full ? sample_full(&result) : sample_empty(&result);
	if (r == 0 && full) {
		r = sample_verdict(&result, &rules, &verdict);
	} else if (r == 0) {
		verdict = plain_verdict(&result);
	}
	if (r == 0) {
		r = report_json.final(stdout, &result, &verdict);
	}
	result_finish(&result);
	return r == 0 ? 0 : 1;
}

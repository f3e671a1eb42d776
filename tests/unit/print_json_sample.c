/* SPDX-License-Identifier: MIT */
/* print_json_sample empty|full|declined: the report of a sample, for the check against the schema. */
#include <string.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "report/json.h"

int main(int argc, char **argv)
{
	struct result result;
	struct threshold_rules rules;
	struct verdict verdict;
	if (argc != 2) {
		return 1;
	}
	int r;
	if (strcmp(argv[1], "full") == 0) {
		r = sample_full(&result);
		if (r == 0) {
			r = sample_verdict(&result, &rules, &verdict);
		}
	} else if (strcmp(argv[1], "declined") == 0) {
		r = sample_declined(&result, &verdict);
	} else {
		r = sample_empty(&result);
		verdict = plain_verdict(&result);
	}
	if (r == 0) {
		r = report_json.end(NULL, stdout, &result, &verdict);
	}
	result_finish(&result);
	return r == 0 ? 0 : 1;
}

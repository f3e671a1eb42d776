/* SPDX-License-Identifier: MIT */
/* print_json_sample empty|full: the report of a sample, for the check against the schema. */
#include <string.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "tcpgoon/report/json.h"

int main(int argc, char **argv)
{
	struct result result;
	if (argc != 2) {
		return 1;
	}
	int r = strcmp(argv[1], "full") == 0 ? sample_full(&result) : sample_empty(&result);
	if (r == 0) {
		struct verdict verdict = plain_verdict(&result);
		r = report_json.final(stdout, &result, &verdict);
	}
	result_finish(&result);
	return r == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
#include "tcpgoon/verdict/verdict.h"

enum exit_status verdict_exit_status(const struct result *result)
{
	/* What was not tried, or not waited for, says nothing of the target: before all else. */
	if (result->end == RUN_INTERRUPTED) {
		return EXIT_STATUS_INCOMPLETE;
	}
	if (result->at_end.not_initiated > 0 || result->at_end.dialing > 0) {
		return EXIT_STATUS_INCOMPLETE;
	}
	if (result->at_end.failed > 0) {
		return EXIT_STATUS_FAILURES;
	}
	/* Whoever asked to hold them wanted them kept; without that, a close is the peer's right. */
	if (result->held && result->at_end.closed > 0) {
		return EXIT_STATUS_FAILURES;
	}
	return EXIT_STATUS_OK;
}

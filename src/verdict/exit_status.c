/* SPDX-License-Identifier: MIT */
#include "tcpgoon/verdict/exit_status.h"

static const struct {
	const char *summary;
	const char *meaning;
	int rank; /* the lowest wins */
} rows[EXIT_STATUSES] = {
	[EXIT_STATUS_OK] = {"all connections were established, and none was dropped while held; "
			    "with thresholds: none was crossed",
		"All connections were established, and none was dropped while held; or there are "
		"thresholds, all of them could be judged, and none was crossed.",
		4},
	[EXIT_STATUS_INCOMPLETE] = {"incomplete: interrupted, not confirmed, wrong usage, or the "
				    "program could not do its work",
		"The run is incomplete: it was interrupted and ended with its report, it was not "
		"confirmed, the usage was wrong, something could not be written, or this machine "
		"does not let the program work.",
		0},
	[EXIT_STATUS_FAILURES] = {"connections failed, were dropped while held, or did not work; "
				  "with thresholds: one could not be judged",
		"Connections failed, or were dropped by the peer during --hold, or were "
		"held and did not answer their FIN, or the server's program, if it is on "
		"this host, no longer accepted them, or its kernel did not know them "
		"(server_stopped_accepting, lost_after_cookie). With thresholds: one of "
		"them could not be judged.",
		3},
	[EXIT_STATUS_THRESHOLD] = {"a threshold of --fail-if or --abort-if was crossed",
		"A threshold of --fail-if or --abort-if was crossed.", 2},
	[EXIT_STATUS_LOCAL_LIMIT] = {"this machine was the limit: the run says nothing about the "
				     "target",
		"This machine was the limit, so the run says nothing about the target: "
		"its limits do not allow the run, and nothing was dialled; or connections "
		"failed for a local cause, or because of what a local finding names (see "
		"THIS MACHINE OR THE PATH). 'tcpgoon plan' also ends with it if there is "
		"no route.",
		1},
};

const char *exit_status_summary(enum exit_status status)
{
	return rows[status].summary;
}

const char *exit_status_meaning(enum exit_status status)
{
	return rows[status].meaning;
}

bool exit_status_outweighs(enum exit_status status, enum exit_status other)
{
	return rows[status].rank < rows[other].rank;
}

enum exit_status exit_status_of_rank(int rank)
{
	int status = 0;
	while (rows[status].rank != rank) {
		status++;
	}
	return (enum exit_status)status;
}

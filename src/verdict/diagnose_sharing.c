/* SPDX-License-Identifier: MIT */
/*
 * What the run left to other programs of this host. None of it is the fault of a connection: these
 * remarks explain why other programs here may fail during the run.
 */
#include <stdio.h>

#include "tcpgoon/base/units.h"
#include "tcpgoon/plan/port_order.h"
#include "verdict/rules.h"

/* Share of what the machine has; and the run itself must have used more than it left. */
#define NEARLY_FULL_PERCENT 5

/* Kernel memory that each end of a connection takes, at least. */
#define END_BYTES 4096

bool rule_few_ports_left(const struct result *result, struct finding *finding)
{
	const struct leftover *left = &result->left;
	if (left->ports == RESULT_UNKNOWN || left->ports == left->ports_of ||
		left->ports >= left->ports_of / PORT_ORDER_RESERVE) {
		return false;
	}
	char number[RULE_TEXT_MAX] = "none";
	if (left->ports > 0) {
		snprintf(number, sizeof(number), "at most %" PRIu64, left->ports);
	}
	rule_say(finding->evidence,
		"The run left %s of the %" PRIu64 " ports from which other programs on "
		"this host connect (ip_local_port_range).",
		number, left->ports_of);
	rule_say(finding->hint,
		"When none is left, their connect() fails with EADDRNOTAVAIL, whatever "
		"their address%s. Spread the run over more addresses: --source.",
		result->settings.close_mode == CLOSE_FIN
			? ", and for up to a minute after the run, unless it has --close rst"
			: "");
	return true;
}

static bool nearly_full(uint64_t left, uint64_t all, uint64_t taken)
{
	return left != RESULT_UNKNOWN && all != RESULT_UNKNOWN &&
		left < all / 100 * NEARLY_FULL_PERCENT && left < taken;
}

bool rule_host_nearly_full(const struct result *result, struct finding *finding)
{
	const struct leftover *left = &result->left;
	uint64_t open = result->max_concurrent;
	char memory[UNITS_TEXT_MAX];
	if (nearly_full(left->files, left->files_of, open)) {
		rule_say(finding->evidence,
			"This host had %" PRIu64 " of %" PRIu64
			" open files left (fs.file-max) while the run had %" PRIu64
			" connection%s.",
			left->files, left->files_of, open, plural(open));
		rule_say(finding->hint,
			"When none is left, other programs fail with ENFILE: raise fs.file-max, "
			"or open fewer connections.");
		return true;
	}
	if (nearly_full(left->memory_bytes, left->memory_of_bytes, open * END_BYTES)) {
		rule_say(finding->evidence,
			"This host had %s of memory left while the run had %" PRIu64
			" connection%s.",
			units_format_bytes(left->memory_bytes, memory), open, plural(open));
		rule_say(finding->hint,
			"When none is left, the kernel kills programs: open fewer connections.");
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * Each rule looks at the evidence in a result for one thing that may have happened, and where it
 * finds it, says so with its numbers. One table of rules, in the order of their weight: what this
 * machine did, before what the path did, before what the target did.
 */
#include "tcpgoon/verdict/diagnose.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct rule {
	const char *name;
	enum cause_side side;
	/* Whether it holds; then it has set count, evidence and hint. */
	bool (*holds)(const struct result *result, struct finding *finding);
};

static void __attribute__((format(printf, 2, 3)))
say(char text[FINDING_TEXT_MAX], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, FINDING_TEXT_MAX, format, arguments);
	va_end(arguments);
}

static bool no_listener(const struct result *result, struct finding *finding)
{
	finding->count = result->causes[CAUSE_REFUSED].count;
	if (finding->count == 0 || result->established > 0) {
		return false;
	}
	say(finding->evidence, "All %" PRIu64 " connections that were answered were refused.",
		finding->count);
	say(finding->hint,
		"Nothing listens on that address and port, or a firewall rejects with a reset: start "
		"the server, or correct the port.");
	return true;
}

static const struct rule rules[] = {
	{"no_listener", CAUSE_SIDE_REMOTE, no_listener},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))
_Static_assert(RULES <= FINDINGS_MAX, "each rule may match");

void diagnose(const struct result *result, struct findings *ret_findings)
{
	*ret_findings = (struct findings){0};
	for (size_t i = 0; i < RULES; i++) {
		struct finding *finding = &ret_findings->list[ret_findings->count];
		*finding = (struct finding){.name = rules[i].name, .side = rules[i].side};
		if (rules[i].holds(result, finding)) {
			ret_findings->count++;
		}
	}
}

const char *diagnose_rule_at(size_t index)
{
	return index < RULES ? rules[index].name : NULL;
}

/* SPDX-License-Identifier: MIT */
#include "verdict/rules.h"

#include <stdarg.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"

void rule_say(char text[FINDING_TEXT_MAX], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, FINDING_TEXT_MAX, format, arguments);
	va_end(arguments);
}

char *rule_seconds(uint64_t ns, char buffer[RULE_TEXT_MAX])
{
	if (ns < NSEC_PER_MSEC) {
		snprintf(buffer, RULE_TEXT_MAX, "less than 1 ms");
	} else if (ns < NSEC_PER_SEC) {
		snprintf(buffer, RULE_TEXT_MAX, "%" PRIu64 " ms", ns / NSEC_PER_MSEC);
	} else {
		int decimals = ns < 10 * NSEC_PER_SEC ? 2 : ns < 100 * NSEC_PER_SEC ? 1 : 0;
		snprintf(buffer, RULE_TEXT_MAX, "%.*f s", decimals,
			(double)ns / (double)NSEC_PER_SEC);
	}
	return buffer;
}

const struct refusal *rule_first_refusal(const struct result *result, enum cause cause)
{
	for (size_t i = 0; i < result->refusal_count; i++) {
		if (result->refusals[i].cause == cause) {
			return &result->refusals[i];
		}
	}
	return NULL;
}

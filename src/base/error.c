/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	if (error == NULL) {
		return code;
	}
	/* By way of a second buffer, so that the old message may be among the arguments. */
	struct error fresh = ERROR_INIT;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fresh.text, sizeof(fresh.text), format, arguments);
	va_end(arguments);
	*error = fresh;
	return code;
}

void error_prefix(struct error *error, const char *format, ...)
{
	if (error == NULL) {
		return;
	}
	struct error fresh = ERROR_INIT;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fresh.text, sizeof(fresh.text), format, arguments);
	va_end(arguments);

	if (error->text[0] != '\0') {
		size_t used = strlen(fresh.text);
		size_t room = sizeof(fresh.text) - used;
		snprintf(fresh.text + used, room, ": %.*s", (int)room, error->text);
	}
	*error = fresh;
}

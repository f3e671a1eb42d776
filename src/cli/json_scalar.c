/* SPDX-License-Identifier: MIT */
#include "cli/json_scalar.h"

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/escape.h"

json_t *json_scalar_text(const char *text)
{
	if (text == NULL) {
		return json_null();
	}
	CLEANUP(cleanup_free) char *shown = escape_to_utf8(text);
	return shown == NULL ? NULL : json_string(shown);
}

json_t *json_scalar_number(uint64_t number)
{
	return number > INT64_MAX ? json_null() : json_integer((json_int_t)number);
}

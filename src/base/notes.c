/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/notes.h"

#include <stdarg.h>
#include <stddef.h>

#include "tcpgoon/base/error.h"

void notes_add(const struct notes *notes, const char *format, ...)
{
	if (notes == NULL) {
		return;
	}
	struct error sentence = ERROR_INIT;
	va_list arguments;
	va_start(arguments, format);
	error_set_list(&sentence, 0, format, arguments);
	va_end(arguments);
	notes->on_note(notes->context, sentence.text);
}

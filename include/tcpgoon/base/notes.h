/* SPDX-License-Identifier: MIT */
/* Remarks to the user before the run: not failures, but worth a sentence. */
#ifndef TCPGOON_BASE_NOTES_H
#define TCPGOON_BASE_NOTES_H

struct notes {
	void *context;
	void (*on_note)(void *context, const char *sentence);
};

/* Passes on one sentence, safe to show (base/escape). Does nothing if `notes` is NULL. */
void notes_add(const struct notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: MIT */
/* What is no failure, but worth a sentence to the person before the run. */
#ifndef TCPGOON_BASE_NOTES_H
#define TCPGOON_BASE_NOTES_H

struct notes {
	void *context;
	void (*on_note)(void *context, const char *sentence);
};

/* Hands over one sentence, fit to be shown (base/escape). Without `notes` nobody is told. */
void notes_add(const struct notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

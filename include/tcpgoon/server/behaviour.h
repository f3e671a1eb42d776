/* SPDX-License-Identifier: MIT */
/*
 * How a server misbehaves on purpose: the words of --behave, their values, and which go together.
 */
#ifndef TCPGOON_SERVER_BEHAVIOUR_H
#define TCPGOON_SERVER_BEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"

enum behave {
	BEHAVE_ACCEPT, /* what a server does without a word */
	BEHAVE_NEVER_ACCEPT,
	BEHAVE_ACCEPT_SLOWLY,
	BEHAVE_REFUSE_ABOVE,
	BEHAVE_RECYCLE_OLDEST,
	BEHAVE_CLOSE_AFTER,
	BEHAVE_RESET_AFTER,
	BEHAVE_SILENT_AFTER,
	BEHAVE_BANNER,
	BEHAVE_ECHO,
	BEHAVE_DISCARD,
	BEHAVE_SLOW_READ,
	BEHAVES,
};

/* The most bytes of a banner. */
#define BEHAVIOUR_BANNER_MAX 4096

/* All zero: accepts, reads and drops. */
struct behaviour {
	uint32_t given; /* a set of 1 << enum behave */
	/* A number, or nanoseconds, of those that have one; 0 only of words that are not given. */
	uint64_t value[BEHAVES];
	char banner[BEHAVIOUR_BANNER_MAX];
	uint16_t banner_length;
};

static inline bool behaviour_has(const struct behaviour *behaviour, enum behave word)
{
	return (behaviour->given & UINT32_C(1) << word) != 0;
}

/*
 * Parses "WORD" or "WORD=VALUE" for each text of the list. Returns 0, or -EINVAL or -ERANGE with a
 * message and *ret_behaviour untouched.
 */
int behaviour_parse(
	const struct text_list *texts, struct behaviour *ret_behaviour, struct error *error);

/* The words in the order of the manual, for texts; `argument` is NULL for one without a value. */
struct behaviour_word {
	const char *name;
	const char *argument;
	const char *help;
};

/* False beyond the last. */
bool behaviour_word_at(size_t index, struct behaviour_word *ret_word);

/*
 * The words that the one at an index excludes: the next one from *cursor on (0 at first), or NULL.
 */
const char *behaviour_next_excluded(size_t index, size_t *cursor);

/* How --behave is completed: "close-after=", "echo"; NULL beyond the last. */
const char *behaviour_completion_at(size_t index);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One row for each word: parser, help, man page and completions use it. Words say different things
 * about a connection, so most of them go together: how it is accepted, when it ends, what happens
 * to its bytes. The pairs that contradict each other are in their rows too, each pair once, in the
 * row of the later word.
 *
 * All times count from the accept. So connections that end by the same word do so in the order in
 * which they came, and no timer is needed for each (lives.c).
 */
#include "tcpgoon/server/behaviour.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/nearest.h"
#include "tcpgoon/base/units.h"

#define AFTER_MAX_NS (365 * 24 * 3600 * NSEC_PER_SEC)
#define RATE_MAX UINT64_C(1000000)
#define READ_MAX (UINT64_C(1) << 30)

#define WORD(word) (UINT32_C(1) << (word))

enum value_kind {
	VALUE_NONE,
	VALUE_COUNT,
	VALUE_DURATION,
	VALUE_TEXT,
};

struct row {
	const char *name;
	const char *completion; /* with the "=" of one that has a value */
	enum value_kind kind;
	const char *argument;
	uint64_t min;
	uint64_t max;
	uint32_t excludes; /* words above it */
	const char *help;
};

#define BARE(name_) .name = (name_), .completion = (name_), .kind = VALUE_NONE
#define COUNT(name_, argument_, min_, max_)                                                       \
	.name = (name_), .completion = (name_ "="), .kind = VALUE_COUNT, .argument = (argument_), \
	.min = (min_), .max = (max_)
#define AFTER(name_)                                                        \
	.name = (name_), .completion = (name_ "="), .kind = VALUE_DURATION, \
	.argument = "DURATION", .min = 0, .max = AFTER_MAX_NS
#define TEXT(name_) \
	.name = (name_), .completion = (name_ "="), .kind = VALUE_TEXT, .argument = "TEXT"

static const struct row rows[BEHAVES] = {
	[BEHAVE_ACCEPT] = {BARE("accept"),
		.help = "Accept every connection, read what it sends and drop it: what a server does "
			"without a word"},
	[BEHAVE_NEVER_ACCEPT] = {BARE("never-accept"), .excludes = WORD(BEHAVE_ACCEPT),
		.help = "Listen, and never call accept(). The kernel completes handshakes until the "
			"queue (--backlog) is full, then it drops SYNs and ACKs"},
	[BEHAVE_ACCEPT_SLOWLY] = {COUNT("accept-slowly", "N", 1, RATE_MAX),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "Accept at most N connections a second; the others wait in the queue"},
	[BEHAVE_REFUSE_ABOVE] = {COUNT("refuse-above", "N", 1, UINT32_MAX),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "While N connections are open, do not listen: the kernel answers a SYN with a "
			"RST (connection refused). The handshake is the kernel's, so some more "
			"complete before it knows: these are reset"},
	[BEHAVE_RECYCLE_OLDEST] = {COUNT("recycle-oldest", "N", 1, UINT32_MAX),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT) | WORD(BEHAVE_REFUSE_ABOVE),
		.help = "Keep N connections open: for one more, close the oldest"},
	[BEHAVE_CLOSE_AFTER] = {AFTER("close-after"), .excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "Close each connection (FIN) so long after it was accepted"},
	[BEHAVE_RESET_AFTER] = {AFTER("reset-after"),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT) | WORD(BEHAVE_CLOSE_AFTER),
		.help = "Reset each connection (RST) so long after it was accepted"},
	[BEHAVE_SILENT_AFTER] = {AFTER("silent-after"), .excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "So long after it was accepted, stop reading and answering, like a program "
			"that hangs: the connection stays open, and a FIN of the peer is not answered"},
	[BEHAVE_BANNER] = {TEXT("banner"), .excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "Send TEXT to each connection as soon as it is accepted. \\r, \\n, \\t, \\\\ "
			"and \\xNN are escapes"},
	[BEHAVE_ECHO] = {BARE("echo"), .excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "Send back what is received. A peer that does not read its echo is not read "
			"from either"},
	[BEHAVE_DISCARD] = {BARE("discard"),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT) | WORD(BEHAVE_ECHO),
		.help = "Read and drop what is received, as without a word"},
	[BEHAVE_SLOW_READ] = {COUNT("slow-read", "N", 1, READ_MAX),
		.excludes = WORD(BEHAVE_NEVER_ACCEPT),
		.help = "Read at most N bytes a second from each connection; what the kernel's buffers "
			"do not take, the peer cannot send"},
};

static bool find_word(const char *text, size_t length, enum behave *ret_word)
{
	for (int i = 0; i < BEHAVES; i++) {
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, text, length) == 0) {
			*ret_word = (enum behave)i;
			return true;
		}
	}
	return false;
}

static int refuse_word(const char *text, size_t length, struct error *error)
{
	struct nearest nearest = NEAREST_INIT(text, length);
	for (int i = 0; i < BEHAVES; i++) {
		nearest_offer(&nearest, rows[i].name);
	}
	char question[NEAREST_QUESTION_MAX];
	nearest_ask(&nearest, "", question);
	return error_set(error, -EINVAL, "'%.*s' is not a behaviour%s", (int)length, text,
		question[0] != '\0' ? question : ": --help lists them");
}

/* The value of a hexadecimal digit, or -1. */
static int digit_of(char character)
{
	const char *digits = "0123456789abcdef";
	char lower = character >= 'A' && character <= 'F' ? (char)(character + 32) : character;
	const char *at = lower != '\0' ? strchr(digits, lower) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* Takes one character of a banner, behind a backslash too. False if the escape is none. */
static bool take_character(const char **cursor, char *ret_character)
{
	const char *at = *cursor;
	if (*at != '\\') {
		*ret_character = *at;
		*cursor = at + 1;
		return true;
	}
	static const char letters[] = "rnt\\";
	static const char meanings[] = "\r\n\t\\";
	const char *letter = at[1] != '\0' ? strchr(letters, at[1]) : NULL;
	if (letter != NULL) {
		*ret_character = meanings[letter - letters];
		*cursor = at + 2;
		return true;
	}
	if (at[1] != 'x' || digit_of(at[2]) < 0 || digit_of(at[3]) < 0) {
		return false;
	}
	*ret_character = (char)(digit_of(at[2]) * 16 + digit_of(at[3]));
	*cursor = at + 4;
	return true;
}

static int parse_banner(const char *text, struct behaviour *behaviour, struct error *error)
{
	const char *cursor = text;
	uint16_t length = 0;
	while (*cursor != '\0') {
		if (length == BEHAVIOUR_BANNER_MAX) {
			return error_set(error, -ERANGE, "the text has more than %d bytes",
				BEHAVIOUR_BANNER_MAX);
		}
		if (!take_character(&cursor, &behaviour->banner[length])) {
			return error_set(error, -EINVAL,
				"'%.4s' is not an escape: they are \\r, \\n, \\t, \\\\ and \\xNN",
				cursor);
		}
		length++;
	}
	behaviour->banner_length = length;
	return length > 0 ? 0 : error_set(error, -EINVAL, "the text is empty");
}

/* "0" is as soon as possible, and not the absence of the word. */
static int parse_after(
	const struct row *row, const char *text, uint64_t *ret_ns, struct error *error)
{
	uint64_t ns;
	int r = units_parse_duration(text, NSEC_PER_SEC, row->min, row->max, &ns, error);
	if (r == 0) {
		*ret_ns = ns > 0 ? ns : 1;
	}
	return r;
}

static int parse_value(
	enum behave word, const char *text, struct behaviour *behaviour, struct error *error)
{
	const struct row *row = &rows[word];
	uint64_t *value = &behaviour->value[word];
	switch (row->kind) {
	case VALUE_NONE:
		return 0;
	case VALUE_COUNT:
		return units_parse_count(text, row->min, row->max, value, error);
	case VALUE_DURATION:
		return parse_after(row, text, value, error);
	case VALUE_TEXT:
		return parse_banner(text, behaviour, error);
	}
	return -EINVAL;
}

static int parse_one(const char *text, struct behaviour *behaviour, struct error *error)
{
	const char *equals = strchr(text, '=');
	size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
	enum behave word;
	if (!find_word(text, length, &word)) {
		return refuse_word(text, length, error);
	}
	const struct row *row = &rows[word];
	if (behaviour_has(behaviour, word)) {
		return error_set(error, -EINVAL, "'%s' is given twice", row->name);
	}
	if (row->kind == VALUE_NONE && equals != NULL) {
		return error_set(error, -EINVAL, "'%s' takes no value", row->name);
	}
	if (row->kind != VALUE_NONE && equals == NULL) {
		return error_set(error, -EINVAL, "'%s' needs a value: %s=%s", row->name, row->name,
			row->argument);
	}
	behaviour->given |= WORD(word);
	int r = parse_value(word, equals != NULL ? equals + 1 : "", behaviour, error);
	if (r < 0) {
		error_prefix(error, "%s", row->name);
	}
	return r;
}

/* Refuses the first two words that contradict each other. */
static int check_pairs(const struct behaviour *behaviour, struct error *error)
{
	for (int later = 0; later < BEHAVES; later++) {
		for (int earlier = 0; earlier < later; earlier++) {
			if (behaviour_has(behaviour, (enum behave)later) &&
				behaviour_has(behaviour, (enum behave)earlier) &&
				(rows[later].excludes & WORD(earlier)) != 0) {
				return error_set(error, -EINVAL,
					"'%s' and '%s' contradict each other: give only one of them",
					rows[earlier].name, rows[later].name);
			}
		}
	}
	return 0;
}

int behaviour_parse(
	const struct text_list *texts, struct behaviour *ret_behaviour, struct error *error)
{
	struct behaviour behaviour = {0};
	for (size_t i = 0; i < texts->count; i++) {
		int r = parse_one(texts->items[i], &behaviour, error);
		if (r < 0) {
			return r;
		}
	}
	int r = check_pairs(&behaviour, error);
	if (r == 0) {
		*ret_behaviour = behaviour;
	}
	return r;
}

bool behaviour_word_at(size_t index, struct behaviour_word *ret_word)
{
	if (index >= BEHAVES) {
		return false;
	}
	*ret_word = (struct behaviour_word){
		.name = rows[index].name,
		.argument = rows[index].argument,
		.help = rows[index].help,
	};
	return true;
}

const char *behaviour_next_excluded(size_t index, size_t *cursor)
{
	for (size_t other = *cursor; other < BEHAVES; other++) {
		if ((rows[index].excludes & WORD(other)) != 0 ||
			(rows[other].excludes & WORD(index)) != 0) {
			*cursor = other + 1;
			return rows[other].name;
		}
	}
	return NULL;
}

const char *behaviour_completion_at(size_t index)
{
	return index < BEHAVES ? rows[index].completion : NULL;
}

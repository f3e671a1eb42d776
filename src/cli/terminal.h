/* SPDX-License-Identifier: MIT */
/* What the terminal of the standard error is, and what it is to be shown. */
#ifndef TCPGOON_CLI_TERMINAL_H
#define TCPGOON_CLI_TERMINAL_H

#include <stdbool.h>

#include "tcpgoon/plan/settings.h"

/* Values of the environment are NULL if they are not set. */
struct terminal_facts {
	bool is_terminal;
	bool is_foreground; /* no other process group has it */
	const char *term; /* TERM */
	const char *no_color; /* NO_COLOR */
	const char *clicolor_force; /* CLICOLOR_FORCE */
	const char *locale; /* that of characters: LC_ALL, LC_CTYPE or LANG */
};

void terminal_find_facts(int fd, struct terminal_facts *ret_facts);

struct terminal_look {
	bool live; /* a view that is drawn anew, with escape sequences; otherwise lines only */
	bool colours;
	bool utf8; /* otherwise ASCII */
};

/* Pure. `lines_follow`: lines come between the frames, as those for debugging. */
struct terminal_look terminal_decide(
	const struct terminal_facts *facts, enum live_mode mode, bool lines_follow);

/* True while no other process group has the terminal; also where it is none, or not ours. */
bool terminal_is_foreground(int fd);

/* Its size now; without a terminal that of COLUMNS and LINES, or 80 columns and 24 rows. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

#endif

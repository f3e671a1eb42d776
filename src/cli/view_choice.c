/* SPDX-License-Identifier: MIT */
/*
 * The view is on the standard error. Status lines that would go to the same terminal say less than it
 * does, and are left out; those in a file or a pipe stay as they are. Other lines on a terminal (for
 * debugging, of a report) have no place in a view: with them there is none, unless it is asked for.
 */
#include "cli/view_choice.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/terminal.h"

/* Whether what reads this descriptor may show it on a terminal. */
static bool may_be_shown(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 &&
		(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd) == 1);
}

static bool lines_follow(const struct console *console, const struct settings *settings)
{
	bool follow = settings->debug;
	for (size_t i = 0; i < console->report_count; i++) {
		follow |= console->reports[i].writer.terminal;
	}
	return follow;
}

void view_choose(struct view *view, struct outcome *outcome, const struct console *console,
	const struct settings *settings)
{
	struct terminal_facts facts;
	terminal_find_facts(STDERR_FILENO, &facts);
	struct terminal_look look =
		terminal_decide(&facts, settings->live, lines_follow(console, settings));
	bool live = look.live && !settings->quiet;
	bool same = live && console->messages == console->text;
	outcome->shows_status = !settings->quiet && !(same && facts.is_terminal);
	if (live) {
		bool ours = same && outcome->text == stdout;
		bool is_shared = !ours && may_be_shown(STDOUT_FILENO);
		view_begin(view, console->messages, STDERR_FILENO, is_shared, &look);
	}
}

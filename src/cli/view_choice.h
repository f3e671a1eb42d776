/* SPDX-License-Identifier: MIT */
/* Whether a run has a live view, and which of its lines give way to it. */
#ifndef TCPGOON_CLI_VIEW_CHOICE_H
#define TCPGOON_CLI_VIEW_CHOICE_H

#include "cli/console.h"
#include "cli/outcome.h"
#include "cli/view.h"
#include "tcpgoon/plan/settings.h"

/* Begins the view if there is to be one. Call when the reports have begun. */
void view_choose(struct view *view, struct outcome *outcome, const struct console *console,
	const struct settings *settings);

#endif

/* SPDX-License-Identifier: MIT */
/* A plan for programs: tcpgoon-plan/1. */
#ifndef TCPGOON_CLI_PLAN_JSON_H
#define TCPGOON_CLI_PLAN_JSON_H

#include <stdio.h>

#include "cli/command.h"
#include "cli/engine_choice.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/check.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/verdict/exit_status.h"

/* What -o asks for without a path. */
#define PLAN_JSON_FORMAT "json"

/* All that `plan` tells. */
struct plan_view {
	const struct plan *plan;
	const struct checks *checks;
	const struct engine_choice *choice;
	const struct command *command; /* with the options of the settings */
	const struct command_line *line;
	const char *conclusion; /* a sentence */
	enum exit_status status;
};

/* Returns 0 or -ENOMEM with a message. Whether `out` took it is for the caller to ask. */
int plan_json_print(FILE *out, const struct plan_view *view, struct error *error);

#endif

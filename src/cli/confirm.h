/* SPDX-License-Identifier: MIT */
/* Asks the user to confirm the run. */
#ifndef TCPGOON_CLI_CONFIRM_H
#define TCPGOON_CLI_CONFIRM_H

#include <stdio.h>

#include "tcpgoon/plan/settings.h"

enum confirmation {
	CONFIRMATION_GIVEN,
	CONFIRMATION_REFUSED,
	CONFIRMATION_NONE, /* the input ended without an answer */
};

/* Describes the run, asks until the answer is yes or no, and prints the outcome to `out`. */
enum confirmation confirm_run(FILE *in, FILE *out, const struct settings *settings);

#endif

/* SPDX-License-Identifier: MIT */
/* Asks the person whether the run is meant. */
#ifndef TCPGOON_CLI_CONFIRM_H
#define TCPGOON_CLI_CONFIRM_H

#include <stdio.h>

#include "tcpgoon/plan/settings.h"

enum confirmation {
	CONFIRMATION_GIVEN,
	CONFIRMATION_REFUSED,
	CONFIRMATION_NONE, /* the input ended without an answer */
};

/* Shows what would be done and asks until the answer is one; says on `out` how it went. */
enum confirmation confirm_run(FILE *in, FILE *out, const struct settings *settings);

#endif

/* SPDX-License-Identifier: MIT */
/* Settings from the environment: TCPGOON_HOLD=5s is --hold 5s. */
#ifndef TCPGOON_CLI_ENVIRONMENT_H
#define TCPGOON_CLI_ENVIRONMENT_H

#include "cli/options.h"
#include "cli/origins.h"
#include "tcpgoon/base/error.h"

/* The longest name of a variable. */
#define ENVIRONMENT_NAME_MAX 48

/* "TCPGOON_DIAL_TIMEOUT". Returns `buffer`. */
char *environment_name(const struct option_row *row, char buffer[ENVIRONMENT_NAME_MAX]);

/*
 * Sets the options that `origins` does not have yet from the variables ("NAME=VALUE", NULL at the
 * end), and notes it there. Returns 0, or a negative errno with a message that names the variable.
 */
int environment_apply(const struct options *options, char *const *variables, void *settings,
	struct origins *origins, struct error *error);

#endif

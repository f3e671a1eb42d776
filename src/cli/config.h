/* SPDX-License-Identifier: MIT */
/* Settings from a file: {"hold": "5s", "connections": "5k"}. */
#ifndef TCPGOON_CLI_CONFIG_H
#define TCPGOON_CLI_CONFIG_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/origins.h"
#include "tcpgoon/base/error.h"

/* No file of settings is longer. */
#define CONFIG_BYTES_MAX 1048576

/*
 * Sets the options that `origins` does not have yet from the file that it names, and notes it
 * there; with `takes_target`, host and port too. Returns 0, or a negative errno with a message that
 * names the file and, where it can be found, the line.
 */
int config_apply(const struct options *options, bool takes_target, void *settings,
	struct origins *origins, struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The value of one option: read from its text into its field of the settings, and back. */
#ifndef TCPGOON_CLI_OPTION_VALUE_H
#define TCPGOON_CLI_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"

/*
 * Sets the field, or adds to it if the option may be repeated; "true" and "false" are for flags.
 * Texts are not copied. Returns 0, -EINVAL or -ERANGE with a message, which does not name the
 * option.
 */
int option_set(const struct option_row *row, const char *text, void *settings, struct error *error);

/* Sets the fields of all rows to their defaults. */
void options_set_defaults(const struct options *options, void *settings);

/* The field of a flag. */
bool option_is_true(const struct option_row *row, const void *settings);
/* That of a count, a duration or a choice. */
uint64_t option_number(const struct option_row *row, const void *settings);
/* That of a text; NULL: none. */
const char *option_text(const struct option_row *row, const void *settings);
const struct text_list *option_texts(const struct option_row *row, const void *settings);

#endif

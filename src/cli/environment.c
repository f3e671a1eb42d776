/* SPDX-License-Identifier: MIT */
/*
 * A variable that is almost the name of an option is refused: whoever set it in a CI believes that
 * it does something. One that resembles none is left alone, because it may be anybody's: an option
 * of another command, a script's own, or what Kubernetes sets for a service that is called tcpgoon
 * (TCPGOON_PORT=tcp://10.0.0.1:80).
 *
 * An empty variable is one that is not set, as CI systems pass on variables that they do not have.
 */
#include "cli/environment.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/option_value.h"
#include "tcpgoon/base/nearest.h"

static const char prefix[] = "TCPGOON_";

char *environment_name(const struct option_row *row, char buffer[ENVIRONMENT_NAME_MAX])
{
	snprintf(buffer, ENVIRONMENT_NAME_MAX, "%s%s", prefix, row->name);
	for (char *at = buffer; *at != '\0'; at++) {
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	}
	return buffer;
}

/* The value of a variable that has this name; NULL for any other. */
static const char *value_of(const char *variable, const char *name)
{
	size_t length = strlen(name);
	bool same = strncmp(variable, name, length) == 0 && variable[length] == '=';
	return same ? variable + length + 1 : NULL;
}

/* In Kubernetes and Docker, where the service of a name is: no value of an option begins so. */
static bool is_link(const char *value)
{
	return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0;
}

static int set_lines(const struct option_row *row, const char *value, void *settings,
	struct origins *origins, struct error *error)
{
	int r = 0;
	while (r == 0 && *value != '\0') {
		size_t length = strcspn(value, "\n");
		char *line = length > 0 ? origins_keep(origins, value, length) : NULL;
		if (length > 0 && line == NULL) {
			return error_set(error, -ENOMEM, "out of memory for its value");
		}
		r = line != NULL ? option_set(row, line, settings, error) : 0;
		value += length + (value[length] == '\n');
	}
	return r;
}

static int set_from(const struct option_row *row, const char *value, void *settings,
	struct origins *origins, struct error *error)
{
	if (row->deliberate) {
		return error_set(error, -EINVAL,
			"is not taken from the environment, where it could be forgotten: give --%s",
			row->name);
	}
	return row->kind == OPTION_TEXTS ? set_lines(row, value, settings, origins, error)
					 : option_set(row, value, settings, error);
}

static int apply_row(const struct options *options, size_t index, const char *variable,
	void *settings, struct origins *origins, struct error *error)
{
	char name[ENVIRONMENT_NAME_MAX];
	const struct option_row *row = options_at(options, index);
	const char *value = value_of(variable, environment_name(row, name));
	if (value == NULL || *value == '\0' || is_link(value) ||
		origins->options[index].kind != ORIGIN_DEFAULT) {
		return 0;
	}
	int r = set_from(row, value, settings, origins, error);
	if (r < 0) {
		error_prefix(error, "%s", name);
		return r;
	}
	char *place = origins_keep(origins, name, strlen(name));
	if (place == NULL) {
		return error_set(error, -ENOMEM, "out of memory for %s", name);
	}
	origins->options[index] = (struct origin){ORIGIN_ENVIRONMENT, place};
	return 0;
}

/* At most one slip of the hand in four letters, and two in all. */
static bool is_slip(const char *variable, size_t length, const char *name)
{
	size_t skipped = sizeof(prefix) - 1;
	unsigned edits = nearest_edits(variable + skipped, length - skipped, name + skipped);
	return edits > 0 && edits <= 2 && edits * 4 <= length - skipped;
}

static int refuse_slip(const struct options *options, const char *variable, struct error *error)
{
	size_t length = strcspn(variable, "=");
	const struct option_row *row;
	char name[ENVIRONMENT_NAME_MAX];
	const struct option_row *meant = NULL;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		environment_name(row, name);
		if (value_of(variable, name) != NULL) {
			return 0;
		}
		if (!row->deliberate && row->kind != OPTION_HELP &&
			is_slip(variable, length, name)) {
			meant = row;
		}
	}
	if (meant == NULL) {
		return 0;
	}
	return error_set(error, -EINVAL, "%.*s in the environment sets nothing; did you mean '%s'?",
		(int)length, variable, environment_name(meant, name));
}

int environment_apply(const struct options *options, char *const *variables, void *settings,
	struct origins *origins, struct error *error)
{
	for (; *variables != NULL; variables++) {
		if (strncmp(*variables, prefix, sizeof(prefix) - 1) != 0) {
			continue;
		}
		int r = refuse_slip(options, *variables, error);
		const struct option_row *row;
		for (size_t i = 0; r == 0 && (row = options_at(options, i)) != NULL; i++) {
			if (row->kind != OPTION_HELP) {
				r = apply_row(options, i, *variables, settings, origins, error);
			}
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

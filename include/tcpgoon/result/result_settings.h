/* SPDX-License-Identifier: MIT */
/* The settings of a run that its result keeps, in memory of its own. */
#ifndef TCPGOON_RESULT_RESULT_SETTINGS_H
#define TCPGOON_RESULT_RESULT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/plan/schedule.h"
#include "tcpgoon/plan/settings.h"

/*
 * What was dialled, how, and how it is judged; without the other settings of the command line. The
 * fields are those of struct settings. All zero is empty.
 */
struct result_settings {
	/* The target; texts are NULL if they were not given. */
	char *host;
	char *ports;
	enum resolve_mode resolve_mode;
	bool only_ipv4;
	bool only_ipv6;
	/* The dials. */
	uint64_t connections;
	char *rate; /* NULL: not given */
	struct text_list ramps;
	uint64_t burst;
	uint64_t sleep_ns;
	char *start_at; /* NULL: not given */
	uint64_t dial_timeout_ns;
	uint64_t hold_ns;
	enum close_mode close_mode;
	struct text_list sources;
	char *source_port;
	bool force;
	/* The verdict. */
	struct text_list fail_if;
	struct text_list abort_if;
};

/* Returns 0 or -ENOMEM. */
int result_settings_copy(struct result_settings *ret_settings, const struct settings *from);
/*
 * The schedule that they ask for. Returns 0, or -EINVAL or -ERANGE with a message if they ask for
 * none that there can be.
 */
int result_settings_schedule(
	const struct result_settings *settings, struct schedule *ret_schedule, struct error *error);
void result_settings_finish(struct result_settings *settings);

#endif

/* SPDX-License-Identifier: MIT */
/* Where from: the sources and the ports of a run, given by the user or found. */
#ifndef TCPGOON_PLAN_ORIGIN_H
#define TCPGOON_PLAN_ORIGIN_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/plan/tuples.h"

/*
 * Chooses sources and ports for the targets and lays out the tuples; tuples_finish() is due on
 * success. Returns 0, -EINVAL (what was given cannot be used) or -ENOMEM, with a message.
 */
int origin_lay_out(struct tuples *tuples, const struct settings *settings,
	const struct targets *targets, struct error *error);

/* "LOW-HIGH" or "PORT". Returns 0 or -EINVAL with a message that names the text. */
int origin_parse_ports(
	const char *text, uint16_t *ret_low, uint16_t *ret_high, struct error *error);

#endif

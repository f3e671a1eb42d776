/* SPDX-License-Identifier: MIT */
/* Selects the sources and ports of a run: those the user gave, or those that suit. */
#ifndef TCPGOON_PLAN_SOURCE_SELECT_H
#define TCPGOON_PLAN_SOURCE_SELECT_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/plan/tuples.h"

/*
 * Selects sources and ports for the targets and initialises the tuples. Returns 0, -EINVAL (what
 * the user gave cannot be used) or -ENOMEM, with a message. After 0, call tuples_finish() in the
 * end.
 */
int source_select_lay_out(struct tuples *tuples, const struct settings *settings,
	const struct targets *targets, struct error *error);

/* Parses "LOW-HIGH" or "PORT". Returns 0, or -EINVAL with a message that quotes the text. */
int source_select_parse_ports(
	const char *text, uint16_t *ret_low, uint16_t *ret_high, struct error *error);

#endif

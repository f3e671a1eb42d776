/* SPDX-License-Identifier: MIT */
/* Which members the objects of the JSON report have beside the figures: for writing and reading. */
#ifndef TCPGOON_REPORT_JSON_LAYOUT_H
#define TCPGOON_REPORT_JSON_LAYOUT_H

#include "report/json_field.h"
#include "tcpgoon/result/times.h"

/* Of struct result. */
extern const struct json_table json_layout_head;
extern const struct json_table json_layout_target;
extern const struct json_table json_layout_settings;
extern const struct json_table json_layout_kernel;
extern const struct json_table json_layout_listener;
extern const struct json_table json_layout_generator;
extern const struct json_table json_layout_quota;
extern const struct json_table json_layout_host;
extern const struct json_table json_layout_reverse_path;

/* Of what it has lists of. */
extern const struct json_table json_layout_target_tally;
extern const struct json_table json_layout_group;
extern const struct json_table json_layout_cause;
extern const struct json_table json_layout_refusal;
extern const struct json_table json_layout_way;
extern const struct json_table json_layout_sample;
extern const struct json_table json_layout_own_rule;

/* What rules of this machine do: "drop". */
const char *json_layout_deed(int deed);

/* "any", "ipv4", "ipv6"; "none" of two that exclude each other. */
const char *json_layout_family(bool only_ipv4, bool only_ipv6);

/* Why the kernel was not asked, where that is no errno. */
#define JSON_LAYOUT_PORTS_NOT_KNOWN "ports_not_known"

#define JSON_LAYOUT_TIMES_NAME_MAX 32

/* "connect_us". Returns `name`. */
char *json_layout_times_name(enum times times, char name[JSON_LAYOUT_TIMES_NAME_MAX]);

#endif

/* SPDX-License-Identifier: MIT */
/* A result that -o json= wrote, read from its file, and the verdict on it. */
#ifndef TCPGOON_CLI_STORED_H
#define TCPGOON_CLI_STORED_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

/* The largest file that is read; a result takes a hundredth of this. */
#define STORED_SIZE_MAX (UINT64_C(16) << 20)

/*
 * Reads the file at `path`, or the standard input if that is "-". On success *ret_result is a
 * result that the caller finishes; it is untouched on failure. Returns 0, or a negative errno with
 * a message that names the file, and the member that is wrong.
 */
int stored_read(const char *path, struct result *ret_result, struct error *error);

/*
 * Judges it by `fail_if`, which then takes the place of the thresholds that it was judged by; by
 * those that were stored with it if that is empty. `ret_rules` must outlive the verdict. Returns 0,
 * or a negative errno with a message.
 */
int stored_judge(struct result *result, const struct text_list *fail_if,
	struct threshold_rules *ret_rules, struct verdict *ret_verdict, struct error *error);

#endif

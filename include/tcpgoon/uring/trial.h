/* SPDX-License-Identifier: MIT */
/* Finds out, by trying, whether this process may use io_uring as a run does. */
#ifndef TCPGOON_URING_TRIAL_H
#define TCPGOON_URING_TRIAL_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/uring/lanes.h"

/*
 * Makes one of the lanes that `params` ask for, with all that belongs to it, puts a file into its
 * table, has one request carried out, and removes everything again. Returns 0, or a negative errno
 * with the sentence that a run would end with.
 */
int trial_make(const struct lanes_params *params, struct error *error);

#endif

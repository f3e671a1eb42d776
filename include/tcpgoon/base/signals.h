/* SPDX-License-Identifier: MIT */
/* SIGINT, SIGTERM and SIGHUP as a descriptor to wait for, never as work in a handler. */
#ifndef TCPGOON_BASE_SIGNALS_H
#define TCPGOON_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

#include "tcpgoon/base/error.h"

struct signals {
	int fd;
	bool taken;
	sigset_t previous;
	struct signalfd_siginfo info; /* of the signal that came: ssi_signo */
};

#define SIGNALS_INIT     \
	{                \
		.fd = -1 \
	}

/*
 * Takes the signals over from this thread, which must be the only one; not SIGHUP where the process
 * ignores it. Returns 0 or a negative errno with a message; signals_finish() is due either way.
 */
int signals_init(struct signals *signals, struct error *error);

/*
 * Whether one came by now. Where one did, the signals are released.
 */
bool signals_came(struct signals *signals);

/* A descriptor that poll(2) finds readable when one comes; -1 where they are released. */
int signals_poll_fd(const struct signals *signals);

/*
 * Gives the signals back the effect they had before, so that a second ^C leaves at once. One that
 * came meanwhile and was not read has that effect now. After a SIGHUP, more of them are ignored,
 * for the rest of the process: they are the same lost terminal.
 */
void signals_release(struct signals *signals);

/* Releases what is not released yet. */
void signals_finish(struct signals *signals);

#endif

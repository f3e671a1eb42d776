/* SPDX-License-Identifier: MIT */
/*
 * A blocked signal is delivered to the signalfd even where the process ignores it, as one that a
 * script started in the background ignores SIGINT: there too it ends the work with its report.
 * SIGHUP is another matter: who ignores it (nohup) wants the work to outlive the terminal.
 */
#include "tcpgoon/base/signals.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_ignored(int number)
{
	struct sigaction action;
	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int signals_init(struct signals *signals, struct error *error)
{
	*signals = (struct signals){.fd = -1};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!is_ignored(SIGHUP)) {
		sigaddset(&set, SIGHUP);
	}
	if (sigprocmask(SIG_BLOCK, &set, &signals->previous) < 0) {
		return error_set(error, -errno, "cannot block signals: %s", strerror(errno));
	}
	signals->taken = true;
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0) {
		return error_set(error, -errno, "no signalfd: %s", strerror(errno));
	}
	return 0;
}

bool signals_came(struct signals *signals)
{
	if (signals->info.ssi_signo == 0 && signals->fd >= 0) {
		struct signalfd_siginfo info;
		if (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			signals->info = info;
		}
	}
	if (signals->info.ssi_signo != 0) {
		signals_release(signals);
	}
	return signals->info.ssi_signo != 0;
}

int signals_poll_fd(const struct signals *signals)
{
	return signals->taken ? signals->fd : -1;
}

void signals_release(struct signals *signals)
{
	if (signals->taken) {
		signals->taken = false;
		if (signals->info.ssi_signo == SIGHUP) {
			/* A lost terminal is told by the kernel and by the shell, so it comes twice. */
			signal(SIGHUP, SIG_IGN);
		}
		sigprocmask(SIG_SETMASK, &signals->previous, NULL);
	}
}

void signals_finish(struct signals *signals)
{
	signals_release(signals);
	if (signals->fd >= 0) {
		close(signals->fd);
		signals->fd = -1;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * A process inherits descriptors, the signal mask and ignored signals through exec(2), and whatever
 * started this program may have changed them for its own reasons. Each is set here, once.
 *
 * Descriptors 0, 1 and 2: if one is closed, the next file that is opened takes its number (a
 * report, a ring, a listening socket), and text for users would be written into it. So a closed one
 * is opened on the root directory with O_PATH. It can neither be read nor written (EBADF), so
 * output to it is an error, as it would be on the closed descriptor. /dev/null would discard it
 * silently, and may not exist.
 *
 * O_NONBLOCK on one of them is cleared, on an open file description of our own: make_blocking().
 *
 * Signals that end the process: they have a handler instead of the default action, because the
 * kernel drops signals with the default action that are sent to process 1 of a PID namespace (a
 * container). The handler restores the default action and raises the signal again, so that the
 * parent sees its number (a shell shows 130 after ^C). Process 1 survives that, and exits with 128
 * + number. There is nothing to clean up: report/output creates its files at the end, with signals
 * blocked.
 *
 * SIGINT and SIGTERM always end this program, even if they were ignored, as by "&" in a script: a
 * run may hold a million connections, and there must be a way to stop it other than SIGKILL. Other
 * signals that end a process stay ignored if they were: nohup(1) ignores SIGHUP for a reason.
 *
 * SIGPIPE gets its default action (Python starts its children with it ignored): the reader of a
 * listing may exit early. SIGXFSZ is ignored, as a file that is too large is an error with a
 * message. SIGCHLD gets its default action: if it is ignored, waitpid() finds no child. Job control
 * (SIGTSTP, SIGTTIN, SIGTTOU) stays as the shell set it.
 *
 * No signal is blocked.
 */
#include "cli/surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_standard(struct error *error)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			continue;
		}
		/* open() returns the lowest free number: `fd`, as those below are open by now. */
		if (open("/", O_PATH | O_DIRECTORY) < 0) {
			return error_set(error, -errno,
				"descriptor %d is closed and nothing can be opened in its place: %s",
				fd, strerror(errno));
		}
	}
	return 0;
}

/* True if a write to it may wait for a reader, so that O_NONBLOCK matters. */
static bool has_reader(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || isatty(fd) == 1);
}

/*
 * Another program may have set O_NONBLOCK on a file that we share, and stdio would then lose what
 * does not fit. So it is reopened: the flag stays for the other program, and we get an open file
 * description of our own. If it cannot be reopened (a socket, the terminal of another user), it
 * stays as it is.
 */
static void make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_NONBLOCK) == 0 || !has_reader(fd)) {
		return;
	}
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* O_NONBLOCK: opening a pipe would otherwise wait for its other end. */
	int own = open(path, (flags & (O_ACCMODE | O_APPEND)) | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (own < 0) {
		return;
	}
	if (fcntl(own, F_SETFL, flags & ~O_NONBLOCK) == 0) {
		dup2(own, fd);
	}
	close(own);
}

bool surroundings_was_closed(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_PATH) != 0;
}

/*
 * A handler gets only the number of its signal: hence these and those of cli/restore, the only
 * globals of the program.
 */
static void (*volatile before_leaving)(void);
static volatile sig_atomic_t stop_event_fd = -1;
static volatile sig_atomic_t stopped_before;

void surroundings_before_leaving(void (*function)(void))
{
	before_leaving = function;
}

void surroundings_leave(int number)
{
	void (*function)(void) = before_leaving;
	if (function != NULL) {
		function();
	}
	signal(number, SIG_DFL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number); /* pending until the handler unblocks it */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + number);
}

static bool is_ignored(int number)
{
	struct sigaction action;
	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Waits are interrupted, and reports that can still be written are written. */
static void stop(int number)
{
	int saved = errno;
	if (stopped_before) {
		surroundings_leave(number);
	}
	stopped_before = 1;
	(void)!write(stop_event_fd, &(uint64_t){1}, sizeof(uint64_t));
	errno = saved;
}

int surroundings_stop_fd(bool stopped)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	int fd = eventfd(stopped ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0) {
		return -1;
	}
	stop_event_fd = fd;
	stopped_before = stopped;
	struct sigaction action = {.sa_handler = stop};
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!is_ignored(numbers[i])) {
			sigaction(numbers[i], &action, NULL);
		}
	}
	return fd;
}

static void settle_signals(void)
{
	static const struct {
		int number;
		bool unless_ignored;
	} ending[] = {
		{SIGINT, false},
		{SIGTERM, false},
		{SIGHUP, true},
		{SIGQUIT, true},
		{SIGALRM, true},
		{SIGXCPU, true},
	};
	struct sigaction action = {.sa_handler = surroundings_leave};
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		if (!ending[i].unless_ignored || !is_ignored(ending[i].number)) {
			sigaction(ending[i].number, &action, NULL);
		}
	}
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int surroundings_settle(struct error *error)
{
	int r = open_standard(error);
	if (r == 0) {
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
			make_blocking(fd);
		}
		settle_signals();
	}
	return r;
}

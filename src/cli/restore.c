/* SPDX-License-Identifier: MIT */
/*
 * A view that hides the cursor must show it again, also if the process is ended by a second ^C, by
 * SIGQUIT or by a bug of its own, or stopped by ^Z. So there are handlers for these while there is a
 * view, and only then. They write one sequence that ends colours, goes below the view and shows the
 * cursor, and then let the signal have the effect that it had before: the shell sees the same status,
 * a core is dumped, a sanitizer reports.
 *
 * Handlers get only the number of their signal, hence globals. What they call is on the list of
 * signal-safety(7). A terminal that takes nothing (^S) is not waited for.
 */
#include "cli/restore.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/surroundings.h"

static volatile sig_atomic_t terminal_fd = -1;
static volatile sig_atomic_t rows_below = -1;
static volatile sig_atomic_t was_stopped;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
#define CRASHES (sizeof(crashes) / sizeof(crashes[0]))
static struct sigaction before_crash[CRASHES];
static struct sigaction before_stop;

/* A crash may be that of a stack that is full. */
static char crash_stack[16384];

/* Digits of a number, at `text`; returns their end. */
static char *put_number(char *text, int number)
{
	if (number >= 10) {
		text = put_number(text, number / 10);
	}
	*text = (char)('0' + number % 10);
	return text + 1;
}

static void give_back(void)
{
	static const char begin[] = "\030\033[?2026l\r";
	static const char end[] = "\n" RESTORE_SEQUENCE;
	char text[sizeof(begin) + sizeof(end) + 16];
	struct pollfd room = {.fd = terminal_fd, .events = POLLOUT};
	if (rows_below < 0 || terminal_fd < 0) {
		return;
	}
	memcpy(text, begin, sizeof(begin) - 1);
	char *at = text + sizeof(begin) - 1;
	if (rows_below > 0) {
		memcpy(at, "\033[", 2);
		at = put_number(at + 2, rows_below);
		*at++ = 'B';
	}
	memcpy(at, end, sizeof(end) - 1);
	at += sizeof(end) - 1;
	if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
		(void)!write(terminal_fd, text, (size_t)(at - text));
	}
	rows_below = -1;
}

/* Raises the signal again, now that it has another action, and lets it in. */
static void raise_again(int number)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_crash(int number)
{
	give_back();
	for (size_t i = 0; i < CRASHES; i++) {
		if (crashes[i] == number) {
			sigaction(number, &before_crash[i], NULL);
		}
	}
	raise_again(number);
}

static void on_stop(int number)
{
	int saved = errno;
	struct sigaction ours;
	give_back();
	sigaction(number, &before_stop, &ours);
	raise_again(number);
	/* It goes on here after SIGCONT. */
	sigaction(number, &ours, NULL);
	was_stopped = 1;
	errno = saved;
}

/* Under a shell without job control ^Z is ignored, and stays so. */
static void arm_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
	sigfillset(&action.sa_mask);
	sigaction(SIGTSTP, NULL, &before_stop);
	if (before_stop.sa_handler == SIG_DFL) {
		sigaction(SIGTSTP, &action, NULL);
	}
}

void restore_arm(int fd)
{
	const stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
	struct sigaction action = {.sa_handler = on_crash};
	sigfillset(&action.sa_mask);
	action.sa_flags = sigaltstack(&stack, NULL) == 0 ? SA_ONSTACK : 0;
	terminal_fd = fd;
	rows_below = -1;
	for (size_t i = 0; i < CRASHES; i++) {
		sigaction(crashes[i], &action, &before_crash[i]);
	}
	arm_stop();
	surroundings_before_leaving(give_back);
}

void restore_disarm(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};
	if (terminal_fd < 0) {
		return;
	}
	surroundings_before_leaving(NULL);
	sigaction(SIGTSTP, &before_stop, NULL);
	for (size_t i = 0; i < CRASHES; i++) {
		sigaction(crashes[i], &before_crash[i], NULL);
	}
	sigaltstack(&none, NULL);
	terminal_fd = -1;
	rows_below = -1;
}

void restore_set_rows(int rows)
{
	rows_below = rows;
}

bool restore_was_stopped(void)
{
	bool stopped = was_stopped != 0;
	was_stopped = 0;
	return stopped;
}

/* SPDX-License-Identifier: MIT */
/*
 * The server runs in a child, forked before this process has any ring, as rings must not be shared
 * across a fork. One pipe carries all that the parent needs to know, and end of file on it means
 * that the child is gone, whatever the cause.
 *
 * The child leads its own process group, so that ^C reaches only the run: the run ends with its
 * report, and then the server ends. Ignoring SIGINT would not work, as a signalfd receives a
 * blocked signal even if it is ignored. Conversely, the child asks the kernel for SIGTERM when its
 * parent dies, so that it is never left behind, not even after SIGKILL.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/server_totals.h"
#include "cli/session.h"
#include "cli/session_options.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/server/server.h"
#include "tcpgoon/verdict/verdict.h"

static const struct option_row rows[] = {
	SESSION_CONNECTIONS_ROW("10000"),
	SESSION_SLEEP_ROW("0s"),
};

/* A message from the child: first that it is ready, at the end its totals, or what failed. */
struct message {
	int code; /* 0, or a negative errno with `error` */
	struct server_totals totals; /* only in the last message */
	struct error error;
};

/* Such a write is atomic, and so is the read. */
static_assert(sizeof(struct message) <= PIPE_BUF, "a message fits into one write to a pipe");

struct child {
	pid_t pid;
	int pipe_fd; /* the end to read from */
	bool ended;
};

/* How long the server may take to start, and to end. */
#define CHILD_PATIENCE_NS (30 * NSEC_PER_SEC)

static void send_message(int pipe_fd, const struct message *message)
{
	ssize_t written;
	do {
		written = write(pipe_fd, message, sizeof(*message));
	} while (written < 0 && errno == EINTR);
	/* If the parent is gone, there is no one to tell. */
}

static void on_ready(void *context)
{
	const int *pipe_fd = context;
	send_message(*pipe_fd, &(struct message){.code = 0});
}

/* All that the child does. Returns its exit status. */
static int serve(int listen_fd, int pipe_fd, pid_t parent, const struct server_settings *settings)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) {
		return EXIT_STATUS_INCOMPLETE; /* it died before the line above */
	}
	const struct server_observer observer = {.context = &pipe_fd, .on_ready = on_ready};
	struct message last = {0};
	last.code = server_serve_take_fd(listen_fd, settings, &observer, &last.totals, &last.error);
	send_message(pipe_fd, &last);
	return last.code < 0 ? EXIT_STATUS_INCOMPLETE : EXIT_STATUS_OK;
}

/* EAGAIN from fork() means one of two limits, or a brief lack of memory. */
static int refuse_child(int r, struct error *error)
{
	struct cgroup cgroup;
	cgroup_read("", CGROUP_PROCESSES, &cgroup);
	if (r == -EAGAIN && cgroup.processes.limit != CGROUP_NONE && cgroup.processes.left == 0) {
		return error_set(error, r,
			"no process for the server: its control group has reached its limit of "
			"%" PRIu64 ": raise it in %s",
			cgroup.processes.limit, cgroup.processes.file);
	}
	if (r == -EAGAIN) {
		return error_set(error, r,
			"no process for the server: %s: check 'ulimit -u' and the processes of "
			"this user",
			strerror(-r));
	}
	return error_set(error, r, "no process for the server: %s", strerror(-r));
}

/* Consumes the descriptor, on failure too. */
static int child_start_take_fd(struct child *child, int listen_fd,
	const struct server_settings *settings, struct error *error)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		int r = -errno;
		close(listen_fd);
		return error_set(error, r, "no pipe to the server: %s", strerror(-r));
	}
	pid_t parent = getpid();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(pipe_fds[0]);
		_exit(serve(listen_fd, pipe_fds[1], parent, settings));
	}
	int r = pid < 0 ? -errno : 0;
	close(pipe_fds[1]);
	close(listen_fd);
	if (r < 0) {
		close(pipe_fds[0]);
		return refuse_child(r, error);
	}
	*child = (struct child){.pid = pid, .pipe_fd = pipe_fds[0]};
	return 0;
}

/* Returns 0, -EPIPE if the child is gone, -ETIMEDOUT, or another negative errno. */
static int child_receive(
	const struct child *child, uint64_t deadline_ns, struct message *ret_message)
{
	for (;;) {
		uint64_t now_ns = clock_now_ns();
		if (now_ns >= deadline_ns) {
			return -ETIMEDOUT;
		}
		struct pollfd poll_fd = {.fd = child->pipe_fd, .events = POLLIN};
		int r = poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / NSEC_PER_MSEC) + 1);
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		if (r <= 0) {
			continue;
		}
		struct message message;
		ssize_t length = read(child->pipe_fd, &message, sizeof(message));
		if (length == (ssize_t)sizeof(message)) {
			*ret_message = message;
			return 0;
		}
		if (length == 0) {
			return -EPIPE;
		}
		if (length < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

static int child_await_ready(const struct child *child, struct error *error)
{
	struct message message;
	int r = child_receive(child, clock_now_ns() + CHILD_PATIENCE_NS, &message);
	if (r == -EPIPE) {
		return error_set(error, r, "the server's process died before it was ready");
	}
	if (r < 0) {
		return error_set(error, r, "the server did not get ready: %s", strerror(-r));
	}
	if (message.code < 0) {
		*error = message.error;
		error_prefix(error, "the server");
		return message.code;
	}
	return 0;
}

/*
 * Ends the child and reaps it, whatever its state. Returns 0 with *ret_totals, or a negative errno
 * with a message if it could not send its totals.
 */
static int child_end(struct child *child, struct server_totals *ret_totals, struct error *error)
{
	assert(child->pid > 0); /* 0 and below mean process groups */
	child->ended = true;
	kill(child->pid, SIGTERM);
	kill(child->pid, SIGCONT); /* a stopped process must continue in order to end */
	uint64_t deadline_ns = clock_now_ns() + CHILD_PATIENCE_NS;
	struct message last = {.code = -EPIPE};
	error_set(&last.error, 0, "the server's process died unexpectedly");
	int r;
	do {
		r = child_receive(child, deadline_ns, &last);
	} while (r == 0);
	if (r != -EPIPE) {
		kill(child->pid, SIGKILL);
		last.code = r;
		error_set(&last.error, 0, "the server's process did not end and was killed: %s",
			strerror(-r));
	}
	close(child->pipe_fd);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	if (last.code < 0) {
		*error = last.error;
		return last.code;
	}
	*ret_totals = last.totals;
	return 0;
}

static int end_server(void *context, FILE *out, struct error *error)
{
	struct server_totals totals;
	int r = child_end(context, &totals, error);
	if (r == 0) {
		server_totals_print_sentence(out, &totals);
	}
	return r;
}

static int run_against(struct session *session, struct child *child, struct settings *settings,
	const struct address *address)
{
	struct error error = ERROR_INIT;
	if (child_await_ready(child, &error) < 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	}
	char host[ADDRESS_TEXT_MAX];
	char port[sizeof("65535")];
	settings->host = address_format_host(address, host);
	snprintf(port, sizeof(port), "%u", (unsigned)address_port(address));
	settings->ports = port;
	struct plan *plan;
	if (plan_create(settings, NULL, &plan, &error) < 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	}
	int status;
	if (session_allows(session, plan, &status)) {
		const struct session_peer server = {.context = child, .end = end_server};
		status = session_run(session, plan, &server);
	}
	plan_destroy(plan);
	return status;
}

static int start_and_run(struct session *session, struct settings *settings)
{
	struct error error = ERROR_INIT;
	const struct server_settings server = {.listen = "127.0.0.1", .engine = settings->engine};
	struct address address;
	struct child child = {0};
	int listen_fd;
	if (server_listen(&server, &listen_fd, &address, &error) < 0 ||
		child_start_take_fd(&child, listen_fd, &server, &error) < 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	}
	int status = run_against(session, &child, settings, &address);
	if (!child.ended) {
		/* Nothing was run against it; the reason has been printed. */
		struct server_totals totals;
		child_end(&child, &totals, &error);
	}
	return status;
}

static int execute(struct command_line *line)
{
	struct settings settings = {0};
	const struct session_request request = {&command_demo, line, &settings};
	struct session *session;
	int status;
	if (session_prepare(&request, &session, &status)) {
		status = start_and_run(session, &settings);
		session_close(session);
	}
	return status;
}

static const struct help_example examples[] = {
	{"tcpgoon demo", "Ten thousand connections to a server of its own"},
	{"tcpgoon demo -c 1m -i 10", "A million of them, with a status line every ten seconds"},
	{0},
};

const struct command command_demo = {
	.name = "demo",
	.summary = "Run tcpgoon test against a server of its own",
	.description =
		"Starts the server in a second process on a free port of 127.0.0.1, runs the "
		"test against it, and ends it. Nothing needs to be set up.",
	.examples = examples,
	.options =
		{
			.own = rows,
			.own_count = sizeof(rows) / sizeof(rows[0]),
			.shared = &session_options,
			.configurable = true,
		},
	.execute = execute,
};

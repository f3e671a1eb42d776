/* SPDX-License-Identifier: MIT */
/*
 * The output is that of the Go program, except for its line per connection: formatting an address
 * costs more than accepting its connection. --debug prints those lines too.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/engine_row.h"
#include "cli/server_totals.h"
#include "cli/surroundings.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/server/server.h"
#include "tcpgoon/verdict/verdict.h"

struct server_options {
	struct server_settings server;
	struct text_list behave;
	bool debug;
};

#define FIELD(name) OPTION_FIELD(struct server_options, name)

static const struct option_row rows[] = {
	{OPT_COUNT("port", 'p', FIELD(server.port), "PORT", "54321", 1024, 65535,
		 "TCP listening port, from 1024 to 65535"),
		.group = GROUP_TARGET},
	{OPT_COUNT("maxconnections", 'm', FIELD(server.max_connections), "N", "10", 0, UINT32_MAX,
		 "How many total connections we will accept, 0 for no limit"),
		.group = GROUP_LIFE},
	{OPT_DURATION("duration", 'd', FIELD(server.duration_ns), "30s", NSEC_PER_SEC, 0,
		 365 * 24 * 3600 * NSEC_PER_SEC, "Running time before dropping, 0 for no limit"),
		.group = GROUP_LIFE},
	{OPT_TEXT("listen", 0, FIELD(server.listen), "ADDRESS",
		 "Listen only on this address of the host"),
		.group = GROUP_TARGET},
	{OPT_COUNT("backlog", 0, FIELD(server.backlog), "N", "0", 0, INT32_MAX,
		 "Connections that may wait to be accepted, 0 for the system's maximum"),
		.group = GROUP_TARGET},
	{OPT_TEXTS("behave", 0, FIELD(behave), "WORD[=VALUE]",
		 "Behave like a server that is slow, full, talkative or broken; several times for "
		 "several words"),
		.word_at = behaviour_completion_at, .group = GROUP_LIFE},
	ENGINE_ROW(struct server_options, server.engine),
	{OPT_FLAG("debug", 0, FIELD(debug), "Print a line for each event to standard error"),
		.group = GROUP_OUTPUT},
};

/* The context of the observer. */
struct service {
	struct console console;
	const struct server_settings *settings;
};

static void on_notice(void *context, const char *sentence)
{
	const struct service *service = context;
	fprintf(service->console.messages->file, "tcpgoon: %s\n", sentence);
}

static void on_debug(void *context, const char *line)
{
	const struct service *service = context;
	fprintf(service->console.messages->file, "%s\n", line);
}

static bool on_wait(void *context)
{
	struct service *service = context;
	return console_push(&service->console);
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

static void print_start(FILE *out, const struct server_settings *settings)
{
	fprintf(out, "Running the simple TCP server in port %u up to ", (unsigned)settings->port);
	if (settings->max_connections == 0) {
		fputs("unlimited connections or ", out);
	} else {
		fprintf(out, "%" PRIu64 " connections or ", settings->max_connections);
	}
	if (settings->duration_ns == 0) {
		fputs("unlimited seconds", out);
	} else {
		fprintf(out, "%.10g seconds", seconds(settings->duration_ns));
	}
	fputs(", what happens first\nPress Ctrl+C to end\n", out);
}

/* Printed only once the server is up. */
static void on_ready(void *context)
{
	const struct service *service = context;
	print_start(service->console.text->file, service->settings);
	fputs("Starting TCP server\n", service->console.text->file);
}

static void print_end(FILE *out, const struct server_settings *settings, enum server_end end)
{
	switch (end) {
	case SERVER_REACHED_CONNECTIONS:
		fprintf(out, "Reached max number of connections: %" PRIu64 "\n",
			settings->max_connections);
		break;
	case SERVER_REACHED_DURATION:
		fprintf(out, "Reached max duration: %.10g seconds\n",
			seconds(settings->duration_ns));
		break;
	case SERVER_INTERRUPTED:
		fputc('\n', out); /* ends the line with the ^C that the terminal shows */
		break;
	}
}

/* Consumes the descriptor. Returns 0, or a negative errno with a message. */
static int serve_take_fd(struct service *service, int listen_fd, bool debug, struct error *error)
{
	const struct server_observer observer = {
		.context = service,
		.on_ready = on_ready,
		.on_notice = on_notice,
		.on_wait = on_wait,
		.on_debug = debug ? on_debug : NULL,
	};
	struct server_totals totals;
	int r = server_serve_take_fd(listen_fd, service->settings, &observer, &totals, error);
	uint64_t dropped = console_settle(&service->console, -1);
	if (r == 0) {
		FILE *out = service->console.text->file;
		print_end(out, service->settings, totals.end);
		server_totals_print_lines(out, &totals);
		if (service->settings->behaviour.given != 0) {
			server_totals_print_behaviour(out, &totals);
		}
		if (dropped > 0) {
			fprintf(out,
				"Lines dropped because their reader was too slow: %" PRIu64 "\n",
				dropped);
		}
		r = console_end_text(&service->console, -1);
		if (r < 0) {
			bool closed = surroundings_was_closed(STDOUT_FILENO);
			error_set(error, r, "standard output could not be written: %s",
				closed ? "it was closed at the start" : strerror(-r));
		}
	}
	return r;
}

static int execute(struct command_line *line)
{
	struct server_options options = {0};
	int status;
	if (!command_read_options(&command_server, line, &options, &status)) {
		return status;
	}
	struct service service = {.settings = &options.server};
	struct error error = ERROR_INIT;
	if (behaviour_parse(&options.behave, &options.server.behaviour, &error) < 0) {
		error_prefix(&error, "--behave");
		return command_refuse_usage(&command_server, &error);
	}
	int listen_fd;
	int r = server_listen(&options.server, &listen_fd, NULL, &error);
	if (r == 0) {
		r = console_init(&service.console, false);
		if (r < 0) {
			error_set(&error, r, "out of memory for the output");
		} else {
			r = serve_take_fd(&service, listen_fd, options.debug, &error);
		}
		console_finish(&service.console);
	}
	return r < 0 ? command_fail(&error) : EXIT_STATUS_OK;
}

static const struct help_example examples[] = {
	{"tcpgoon server -p 5555 -m 0 -d 0", "A target that accepts all, until ^C"},
	{"tcpgoon server -p 5555 -m 0 -d 0 --behave banner=hello --behave close-after=5s",
		"One that greets, and closes each connection after five seconds"},
	{0},
};

const struct command command_server = {
	.name = "server",
	.summary = "Simple TCP server",
	.description =
		"Accepts connections, reads and discards data, and counts. Unlike the Go program "
		"it prints no line for each connection: that would cost more than accepting it. "
		"--debug prints them.",
	.examples = examples,
	.options =
		{
			.own = rows,
			.own_count = sizeof(rows) / sizeof(rows[0]),
			.configurable = true,
		},
	.execute = execute,
};

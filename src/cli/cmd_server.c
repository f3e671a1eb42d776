/* SPDX-License-Identifier: MIT */
/*
 * The lines are the Go program's, without the one it printed for each connection: writing an
 * address costs more than accepting the connection it belongs to. --debug brings them back.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/cli/command.h"
#include "tcpgoon/cli/totals.h"
#include "tcpgoon/server/server.h"
#include "tcpgoon/verdict/verdict.h"

struct server_options {
	struct server_settings server;
	bool debug;
};

static const struct option_row rows[] = {
	{
		.name = "port",
		.letter = 'p',
		.kind = OPTION_COUNT,
		.argument = "PORT",
		.initial = "54321",
		.help = "TCP listening port, from 1024 to 65535",
		.min = 1024,
		.max = 65535,
		OPTION_FIELD(struct server_options, server.port),
	},
	{
		.name = "maxconnections",
		.letter = 'm',
		.kind = OPTION_COUNT,
		.argument = "N",
		.initial = "10",
		.help = "How many total connections we will accept, 0 for no limit",
		.min = 0,
		.max = UINT32_MAX,
		OPTION_FIELD(struct server_options, server.max_connections),
	},
	{
		.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.initial = "30s",
		.help = "Running time before dropping, 0 for no limit",
		.min = 0,
		.max = 365 * 24 * 3600 * NSEC_PER_SEC,
		.bare_unit_ns = NSEC_PER_SEC,
		OPTION_FIELD(struct server_options, server.duration_ns),
	},
	{
		.name = "listen",
		.kind = OPTION_TEXT,
		.argument = "ADDRESS",
		.help = "Listen on this address of the host only, and not on all",
		OPTION_FIELD(struct server_options, server.listen),
	},
	{
		.name = "backlog",
		.kind = OPTION_COUNT,
		.argument = "N",
		.initial = "0",
		.help = "Connections that may wait to be accepted, 0 for the system's most",
		.min = 0,
		.max = INT32_MAX,
		OPTION_FIELD(struct server_options, server.backlog),
	},
	{
		.name = "debug",
		.kind = OPTION_FLAG,
		.help = "Print a line for each event to the standard error",
		OPTION_FIELD(struct server_options, debug),
	},
};

static void on_notice(void *context, const char *sentence)
{
	(void)context;
	fprintf(stderr, "tcpgoon: %s\n", sentence);
}

static void on_debug(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "%s\n", line);
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

static void print_start(const struct server_settings *settings)
{
	printf("Running the simple TCP server in port %u up to ", (unsigned)settings->port);
	if (settings->max_connections == 0) {
		fputs("unlimited connections or ", stdout);
	} else {
		printf("%" PRIu64 " connections or ", settings->max_connections);
	}
	if (settings->duration_ns == 0) {
		fputs("unlimited seconds", stdout);
	} else {
		printf("%.10g seconds", seconds(settings->duration_ns));
	}
	puts(", what happens first\nPress Ctrl+C to end");
}

/* Only now, so that nobody reads of a server that then cannot be. */
static void on_ready(void *context)
{
	print_start(context);
	puts("Starting TCP server");
}

static void print_end(const struct server_settings *settings, enum server_end end)
{
	switch (end) {
	case SERVER_REACHED_CONNECTIONS:
		printf("Reached max number of connections: %" PRIu64 "\n",
			settings->max_connections);
		break;
	case SERVER_REACHED_DURATION:
		printf("Reached max duration: %.10g seconds\n", seconds(settings->duration_ns));
		break;
	case SERVER_INTERRUPTED:
		puts(""); /* below the ^C that the terminal shows */
		break;
	}
}

static int execute(int argc, char **argv)
{
	struct server_options options = {0};
	int status;
	if (!command_read_options(&command_server, argc, argv, &options, &status)) {
		return status;
	}
	const struct server_settings *settings = &options.server;
	struct error error = ERROR_INIT;
	int listen_fd;
	if (server_listen(settings, &listen_fd, NULL, &error) < 0) {
		return command_fail(&error);
	}
	const struct server_observer observer = {
		.context = &options.server,
		.on_ready = on_ready,
		.on_notice = on_notice,
		.on_debug = options.debug ? on_debug : NULL,
	};
	struct server_totals totals;
	if (server_serve_take_fd(listen_fd, settings, &observer, &totals, &error) < 0) {
		return command_fail(&error);
	}
	print_end(settings, totals.end);
	totals_print_lines(stdout, &totals);
	return EXIT_STATUS_OK;
}

const struct command command_server = {
	.name = "server",
	.summary = "Simple TCP server",
	.description =
		"Accepts connections, reads and forgets what comes, and counts. It prints no\n"
		"line for each connection, as the Go program did: that would cost more than\n"
		"accepting it. --debug prints them.\n",
	.options =
		{
			.own = rows,
			.own_count = sizeof(rows) / sizeof(rows[0]),
		},
	.execute = execute,
};

/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/help.h"
#include "tcpgoon/verdict/exit_status.h"

static const struct command *const commands[] = {
	&command_run,
	&command_plan,
	&command_server,
	&command_demo,
	&command_doctor,
	&command_report,
	&command_compare,
	&command_version,
	&command_completion,
	&command_help,
};

const struct command *commands_at(size_t index)
{
	return index < sizeof(commands) / sizeof(commands[0]) ? commands[index] : NULL;
}

const struct command *commands_find(const char *name)
{
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		if (strcmp(command->name, name) == 0) {
			return command;
		}
	}
	return NULL;
}

/* For somebody who has typed the name of the program and no more. */
static void print_first_steps(FILE *out)
{
	static const struct help_example steps[] = {
		{"tcpgoon demo", "ten thousand connections to a server of its own"},
		{"tcpgoon doctor", "what this machine allows, and how to allow more"},
		{"tcpgoon plan example.org 443 -c 5k", "what a run would take; dials nothing"},
		{"tcpgoon run example.org 443 -c 5k", "5,000 connections; asks before it starts"},
	};
	fputs("tcpgoon opens and holds many TCP connections to a server and reports the outcome.\n"
	      "\n"
	      "Try:\n",
		out);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fprintf(out, "  %-36s %s\n", steps[i].line, steps[i].purpose);
	}
	fputs("\n"
	      "'tcpgoon help' lists all commands; 'tcpgoon run --help' has the flags of a run.\n",
		out);
}

void commands_print_help(FILE *out)
{
	fputs("tcpgoon opens and holds many TCP connections to a server and reports the outcome\n"
	      "\n"
	      "Usage:\n"
	      "  tcpgoon [command]\n"
	      "\n"
	      "Available Commands:\n",
		out);
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		fprintf(out, "  %-12s %s\n", command->name, command->summary);
	}
	fputs("\n"
	      "General:\n"
	      "  -h, --help      Show this help and exit\n"
	      "      --version   Show the version and exit\n"
	      "\n"
	      "Exit status:\n",
		out);
	help_print_statuses(out);
	fputs("\n"
	      "Use \"tcpgoon [command] --help\" for more about a command.\n",
		out);
}

char *commands_ask(const char *word, char question[NEAREST_QUESTION_MAX])
{
	struct nearest nearest = NEAREST_INIT(word, strlen(word));
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		nearest_offer(&nearest, command->name);
	}
	return nearest_ask(&nearest, "", question);
}

/* The flags of the program itself. */
static char *ask_flag(const char *word, char question[NEAREST_QUESTION_MAX])
{
	struct nearest nearest = NEAREST_INIT(word, strlen(word));
	nearest_offer(&nearest, "--help");
	nearest_offer(&nearest, "--version");
	return nearest_ask(&nearest, "", question);
}

static int refuse_word(const char *word)
{
	struct error error;
	char question[NEAREST_QUESTION_MAX];
	bool flag = word[0] == '-';
	error_set(&error, -EINVAL, "unknown %s '%s'%s", flag ? "flag" : "command", word,
		flag ? ask_flag(word, question) : commands_ask(word, question));
	int status = command_fail(&error);
	fputs("See 'tcpgoon --help'.\n", stderr);
	return status;
}

int commands_dispatch(int argc, char **argv, char *const *environment)
{
	if (argc < 2) {
		print_first_steps(stdout);
		return EXIT_STATUS_OK;
	}
	const char *word = argv[1];
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		commands_print_help(stdout);
		return EXIT_STATUS_OK;
	}
	if (strcmp(word, "--version") == 0) {
		word = command_version.name;
	}
	const struct command *command = commands_find(word);
	if (command == NULL) {
		return refuse_word(word);
	}
	struct command_line line = {.argc = argc - 2, .argv = argv + 2, .environment = environment};
	int status = command->execute(&line);
	origins_finish(&line.origins);
	return status;
}

/* SPDX-License-Identifier: MIT */
#include "tcpgoon/cli/completion.h"

#include <errno.h>
#include <string.h>

#include "tcpgoon/cli/command.h"

/* Prints `text` inside single quotes; `escaped` are characters that want a backslash there. */
static void print_quoted(FILE *out, const char *text, const char *escaped)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\'') {
			fputs("'\\''", out);
		} else if (strchr(escaped, *at) != NULL) {
			fprintf(out, "\\%c", *at);
		} else {
			fputc(*at, out);
		}
	}
}

static void print_command_names(FILE *out)
{
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		fprintf(out, "%s%s", i == 0 ? "" : " ", command->name);
	}
}

/* The words its argument may be: fixed ones, or the names of all commands for help. */
static bool print_choices(FILE *out, const struct command *command)
{
	if (command == &command_help) {
		print_command_names(out);
		return true;
	}
	fputs(command->choices == NULL ? "" : command->choices, out);
	return command->choices != NULL;
}

static void print_bash_words(FILE *out, const struct command *command)
{
	fprintf(out, "\t%s)\n\t\twords='", command->name);
	print_choices(out, command);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (row->letter != '\0') {
			fprintf(out, " -%c", row->letter);
		}
		fprintf(out, " --%s", row->name);
	}
	fputs("'\n\t\tvalued='", out);
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (row->argument != NULL && row->letter != '\0') {
			fprintf(out, " -%c", row->letter);
		}
		if (row->argument != NULL) {
			fprintf(out, " --%s", row->name);
		}
	}
	fputs(" '\n\t\t;;\n", out);
}

static void print_bash(FILE *out)
{
	fputs("# bash completion for tcpgoon\n"
	      "_tcpgoon()\n"
	      "{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal words valued=\n"
	      "\tCOMPREPLY=()\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
		out);
	print_command_names(out);
	fputs(" --help --version' -- \"$current\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
		out);
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		print_bash_words(out, command);
	}
	fputs("\t*)\n"
	      "\t\treturn\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "\tif [[ $valued == *\" $previous \"* ]]; then\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "}\n"
	      "complete -F _tcpgoon tcpgoon\n",
		out);
}

static void print_zsh_option(FILE *out, const struct option_row *row)
{
	bool valued = row->argument != NULL;
	if (row->letter != '\0') {
		fprintf(out, "\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, row->name,
			row->letter, valued ? "+" : "", row->name, valued ? "=" : "");
	} else {
		fprintf(out, "\t\t\t'--%s%s[", row->name, valued ? "=" : "");
	}
	print_quoted(out, row->help, "[]\\");
	fputs("]", out);
	if (valued) {
		fprintf(out, ":%s: ", row->argument);
	}
	fputs("' \\\n", out);
}

static void print_zsh_command(FILE *out, const struct command *command)
{
	fprintf(out, "\t\t%s)\n\t\t\t_arguments \\\n", command->name);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		print_zsh_option(out, row);
	}
	if (command == &command_help || command->choices != NULL) {
		fputs("\t\t\t'1:argument:(", out);
		print_choices(out, command);
		fputs(")'\n", out);
	} else if (command->arguments != NULL) {
		fputs("\t\t\t'1:host:_hosts' '2:port: '\n", out);
	} else {
		fputs("\t\t\t&& return\n", out);
	}
	fputs("\t\t\t;;\n", out);
}

static void print_zsh(FILE *out)
{
	fputs("#compdef tcpgoon\n"
	      "_tcpgoon()\n"
	      "{\n"
	      "\tlocal context state state_descr line\n"
	      "\ttypeset -A opt_args\n"
	      "\tlocal -a commands\n"
	      "\tcommands=(\n",
		out);
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		fprintf(out, "\t\t'%s:", command->name);
		print_quoted(out, command->summary, ":\\");
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\t_arguments -C '(- *)'{-h,--help}'[Show the help]' \\\n"
	      "\t\t'(- *)--version[Show the version]' '1:command:->command' '*::argument:->argument'\n"
	      "\tcase $state in\n"
	      "\tcommand)\n"
	      "\t\t_describe command commands\n"
	      "\t\t;;\n"
	      "\targument)\n"
	      "\t\tcase $line[1] in\n",
		out);
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		print_zsh_command(out, command);
	}
	fputs("\t\tesac\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "}\n"
	      "_tcpgoon \"$@\"\n",
		out);
}

static void print_fish_command(FILE *out, const struct command *command)
{
	const char *condition = "complete -c tcpgoon -n '__fish_seen_subcommand_from ";
	fprintf(out, "complete -c tcpgoon -n __fish_use_subcommand -a %s -d '", command->name);
	print_quoted(out, command->summary, "\\");
	fputs("'\n", out);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		fprintf(out, "%s%s'", condition, command->name);
		if (row->letter != '\0') {
			fprintf(out, " -s %c", row->letter);
		}
		fprintf(out, " -l %s%s -d '", row->name, row->argument == NULL ? "" : " -x");
		print_quoted(out, row->help, "\\");
		fputs("'\n", out);
	}
	if (command == &command_help || command->choices != NULL) {
		fprintf(out, "%s%s' -a '", condition, command->name);
		print_choices(out, command);
		fputs("'\n", out);
	}
}

static void print_fish(FILE *out)
{
	fputs("# fish completion for tcpgoon\n"
	      "complete -c tcpgoon -f\n"
	      "complete -c tcpgoon -n __fish_use_subcommand -s h -l help -d 'Show the help'\n"
	      "complete -c tcpgoon -n __fish_use_subcommand -l version -d 'Show the version'\n",
		out);
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		print_fish_command(out, command);
	}
}

int completion_print(FILE *out, const char *shell, struct error *error)
{
	static const struct {
		const char *shell;
		void (*print)(FILE *out);
	} scripts[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (strcmp(scripts[i].shell, shell) == 0) {
			scripts[i].print(out);
			return 0;
		}
	}
	return error_set(error, -EINVAL, "no completion for '%s': it is bash, zsh or fish", shell);
}

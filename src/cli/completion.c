/* SPDX-License-Identifier: MIT */
#include "cli/completion.h"

#include <errno.h>
#include <string.h>

#include "cli/commands.h"

enum shell {
	SHELL_BASH,
	SHELL_ZSH,
	SHELL_FISH,
	SHELL_MAX,
};

const char *const completion_shells[] = {
	[SHELL_BASH] = "bash",
	[SHELL_ZSH] = "zsh",
	[SHELL_FISH] = "fish",
	[SHELL_MAX] = NULL,
};

/* Prints `text` for use inside single quotes, with a backslash before each of `escaped`. */
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

/* Prints a list that ends with NULL: "fin rst". */
static void print_words(FILE *out, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		fprintf(out, "%s%s", i > 0 ? " " : "", words[i]);
	}
}

static void print_command_names(FILE *out)
{
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		fprintf(out, "%s%s", i == 0 ? "" : " ", command->name);
	}
}

/* Prints the words its argument may be; false if there are none. */
static bool print_choices(FILE *out, const struct command *command)
{
	if (command->takes_command) {
		print_command_names(out);
		return true;
	}
	if (command->choices != NULL) {
		print_words(out, command->choices);
	}
	return command->choices != NULL;
}

/* Prints what precedes a path: "json=", "csv=", with `between` them. */
static void print_formats(FILE *out, const struct option_row *row, const char *between)
{
	const char *name;
	for (size_t i = 0; (name = row->format_at(i)) != NULL; i++) {
		fprintf(out, "%s%s=", i > 0 ? between : "", name);
	}
}

/* Prints the words that its value may begin with: "echo", "close-after=", with `between` them. */
static void print_value_words(FILE *out, const struct option_row *row, const char *between)
{
	const char *word;
	for (size_t i = 0; (word = row->word_at(i)) != NULL; i++) {
		fprintf(out, "%s%s", i > 0 ? between : "", word);
	}
}

/* How the value of an option is completed in bash. */
enum bash_values {
	BASH_NONE,
	BASH_CHOICES,
	BASH_FORMATS,
	BASH_WORDS,
	BASH_FILES,
};

static enum bash_values bash_values_of(const struct option_row *row)
{
	return row->choices != NULL      ? BASH_CHOICES
		: row->format_at != NULL ? BASH_FORMATS
		: row->word_at != NULL   ? BASH_WORDS
		: row->is_path           ? BASH_FILES
					 : BASH_NONE;
}

static void print_bash_value(FILE *out, const struct option_row *row)
{
	char choices[OPTION_ARGUMENT_MAX];
	switch (bash_values_of(row)) {
	case BASH_CHOICES:
		fputs(options_format_argument(row, choices), out);
		break;
	case BASH_FORMATS:
		print_formats(out, row, "|");
		break;
	case BASH_WORDS:
		print_value_words(out, row, "|");
		break;
	case BASH_FILES:
	case BASH_NONE:
		break;
	}
}

/* Prints "NAME=' --close:fin|rst'", "NAME=' --output:json=|csv='" or "NAME=' --config:'". */
static void print_bash_values(
	FILE *out, const struct command *command, const char *name, enum bash_values values)
{
	fprintf(out, "\t\t%s='", name);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (bash_values_of(row) != values) {
			continue;
		}
		if (row->letter != '\0') {
			fprintf(out, " -%c:", row->letter);
			print_bash_value(out, row);
		}
		fprintf(out, " --%s:", row->name);
		print_bash_value(out, row);
	}
	fputs(" '\n", out);
}

static void print_bash_words(FILE *out, const struct command *command)
{
	fprintf(out, "\t%s)\n\t\ttakes_files=%s\n\t\twords='", command->name,
		command->takes_files ? "yes" : "");
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
		if (options_takes_value(row) && row->letter != '\0') {
			fprintf(out, " -%c", row->letter);
		}
		if (options_takes_value(row)) {
			fprintf(out, " --%s", row->name);
		}
	}
	fputs(" '\n", out);
	print_bash_values(out, command, "fixed", BASH_CHOICES);
	print_bash_values(out, command, "paths", BASH_FORMATS);
	print_bash_values(out, command, "begun", BASH_WORDS);
	print_bash_values(out, command, "files", BASH_FILES);
	fputs("\t\t;;\n", out);
}

/*
 * Bash splits "--close=f" into three words, and "json=f" in "-o json=f" too: `option` is the option
 * whose value is at the cursor, `before` the part of the value that is already there.
 */
static const char bash_values[] =
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=\n"
	"\t\tat=$((COMP_CWORD + 1))\n"
	"\tfi\n"
	"\tlocal option=${COMP_WORDS[at-1]} before=\n"
	"\tif [[ $option == = ]]; then\n"
	"\t\toption=${COMP_WORDS[at-2]}\n"
	"\t\tif [[ $option != -* ]]; then\n"
	"\t\t\tbefore=$option=\n"
	"\t\t\toption=${COMP_WORDS[at-3]}\n"
	"\t\t\tif [[ $option == = ]]; then\n"
	"\t\t\t\toption=${COMP_WORDS[at-4]}\n"
	"\t\t\tfi\n"
	"\t\tfi\n"
	"\tfi\n"
	"\tif [[ $fixed == *\" $option:\"* ]]; then\n"
	"\t\tfixed=${fixed#*\" $option:\"}\n"
	"\t\tfixed=${fixed%% *}\n"
	"\t\tCOMPREPLY=($(compgen -W \"${fixed//|/ }\" -- \"$current\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ $paths == *\" $option:\"* ]]; then\n"
	"\t\tpaths=${paths#*\" $option:\"}\n"
	"\t\tpaths=${paths%% *}\n"
	"\t\tif [[ -n $before && \"|$paths|\" == *\"|$before|\"* ]]; then\n"
	"\t\t\t_tcpgoon_files \"$current\"\n"
	"\t\telse\n"
	"\t\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\t\tCOMPREPLY=($(compgen -W \"${paths//|/ }\" -- \"$current\"))\n"
	"\t\tfi\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ $begun == *\" $option:\"* ]]; then\n"
	"\t\tif [[ -z $before ]]; then\n"
	"\t\t\tbegun=${begun#*\" $option:\"}\n"
	"\t\t\tbegun=${begun%% *}\n"
	"\t\t\tCOMPREPLY=($(compgen -W \"${begun//|/ }\" -- \"$current\"))\n"
	"\t\t\tif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then\n"
	"\t\t\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\t\tfi\n"
	"\t\tfi\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ $files == *\" $option:\"* ]]; then\n"
	"\t\t_tcpgoon_files \"$current\"\n"
	"\t\treturn\n"
	"\tfi\n";

static const char bash_files[] = "# bash completion for tcpgoon\n"
				 "_tcpgoon_files()\n"
				 "{\n"
				 "\tcompopt -o filenames 2>/dev/null\n"
				 "\tlocal IFS=$'\\n'\n"
				 "\tCOMPREPLY=($(compgen -f -- \"$1\"))\n"
				 "}\n";

static void print_bash(FILE *out)
{
	fputs(bash_files, out);
	fputs("_tcpgoon()\n"
	      "{\n"
	      "\tlocal at=$COMP_CWORD current=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal words takes_files= valued= fixed= paths= begun= files=\n"
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
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		print_bash_words(out, command);
	}
	fputs("\t*)\n"
	      "\t\treturn\n"
	      "\t\t;;\n"
	      "\tesac\n",
		out);
	fputs(bash_values, out);
	fputs("\tif [[ $valued == *\" $option \"* ]]; then\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tif [[ -n $takes_files && $current != -* ]]; then\n"
	      "\t\t_tcpgoon_files \"$current\"\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "}\n"
	      "complete -F _tcpgoon tcpgoon\n",
		out);
}

/* Prints ":message:action"; the action completes the value. */
static void print_zsh_value(FILE *out, const struct option_row *row)
{
	char argument[OPTION_ARGUMENT_MAX];
	fprintf(out, ":%s:", options_format_argument(row, argument));
	if (row->choices != NULL) {
		fputc('(', out);
		print_words(out, row->choices);
		fputc(')', out);
	} else if (row->format_at != NULL) {
		fputs("{compset -P \"(", out);
		print_formats(out, row, "|");
		fputs(")\" && _files || compadd -S \"\" ", out);
		print_formats(out, row, " ");
		fputc('}', out);
	} else if (row->word_at != NULL) {
		/* A word with "=" goes on with its value, so no space follows it. */
		fputs("{compadd -S \"\" -- ", out);
		print_value_words(out, row, " ");
		fputc('}', out);
	} else if (row->is_path) {
		fputs("_files", out);
	} else {
		fputc(' ', out);
	}
}

static void print_zsh_option(FILE *out, const struct option_row *row)
{
	bool valued = options_takes_value(row);
	bool repeated = row->kind == OPTION_TEXTS;
	if (row->letter != '\0' && repeated) {
		fprintf(out, "\t\t\t'*'{-%c+,--%s=}'[", row->letter, row->name);
	} else if (row->letter != '\0') {
		fprintf(out, "\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, row->name,
			row->letter, valued ? "+" : "", row->name, valued ? "=" : "");
	} else {
		fprintf(out, "\t\t\t'%s--%s%s[", repeated ? "*" : "", row->name, valued ? "=" : "");
	}
	print_quoted(out, row->help, "[]\\");
	fputs("]", out);
	if (valued) {
		print_zsh_value(out, row);
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
	if (command->takes_command || command->choices != NULL) {
		fputs("\t\t\t'1:argument:(", out);
		print_choices(out, command);
		fputs(")'\n", out);
	} else if (command->takes_files) {
		fputs("\t\t\t'*:file:_files'\n", out);
	} else if (command->takes_target) {
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
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
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
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		print_zsh_command(out, command);
	}
	fputs("\t\tesac\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "}\n"
	      "_tcpgoon \"$@\"\n",
		out);
}

/* If files are allowed (-F), fish completes the path after a "=" itself. */
static void print_fish_value(FILE *out, const struct option_row *row)
{
	if (row->format_at != NULL) {
		fputs(" -r -F -a '", out);
		print_formats(out, row, " ");
		fputc('\'', out);
	} else if (row->word_at != NULL) {
		fputs(" -x -a '", out);
		print_value_words(out, row, " ");
		fputc('\'', out);
	} else if (row->is_path) {
		fputs(" -r -F", out);
	} else if (options_takes_value(row)) {
		fputs(" -x", out);
	}
	if (row->choices != NULL) {
		fputs(" -a '", out);
		print_words(out, row->choices);
		fputc('\'', out);
	}
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
		fprintf(out, " -l %s", row->name);
		print_fish_value(out, row);
		fputs(" -d '", out);
		print_quoted(out, row->help, "\\");
		fputs("'\n", out);
	}
	if (command->takes_command || command->choices != NULL) {
		fprintf(out, "%s%s' -a '", condition, command->name);
		print_choices(out, command);
		fputs("'\n", out);
	}
	if (command->takes_files) {
		fprintf(out, "%s%s' -F\n", condition, command->name);
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
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		print_fish_command(out, command);
	}
}

int completion_print(FILE *out, const char *shell, struct error *error)
{
	static void (*const prints[SHELL_MAX])(FILE * out) = {
		[SHELL_BASH] = print_bash,
		[SHELL_ZSH] = print_zsh,
		[SHELL_FISH] = print_fish,
	};

	for (size_t i = 0; i < SHELL_MAX; i++) {
		if (strcmp(completion_shells[i], shell) == 0) {
			prints[i](out);
			return 0;
		}
	}
	return error_set(error, -EINVAL, "no completion for '%s': it is bash, zsh or fish", shell);
}

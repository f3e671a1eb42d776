/* SPDX-License-Identifier: MIT */
/* The tables of the program itself, and that every text made from them tells of every option. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/environment.h"
#include "cli/manual.h"
#include "cli/option_value.h"
#include "cli/session.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/report/formats.h"
#include "tcpgoon/stats/cause.h"
#include "tcpgoon/verdict/diagnose.h"
#include "tcpgoon/verdict/threshold.h"

/* What a printing function wrote; the caller frees it. */
struct capture {
	FILE *out;
	char *text;
	size_t size;
};

static void capture_open(struct capture *capture)
{
	*capture = (struct capture){0};
	capture->out = open_memstream(&capture->text, &capture->size);
	assert_non_null(capture->out);
}

static void capture_close(struct capture *capture)
{
	assert_int_equal(fclose(capture->out), 0);
}

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		print_error("'%s' is missing in:\n%s\n", part, text);
		fail();
	}
}

static void assert_no_line_beyond(const char *text, size_t columns)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		assert_true(length <= columns);
		text += length + (text[length] == '\n');
	}
}

/* Each run of blanks and newlines becomes one blank, so that wrapping does not matter. */
static void squeeze(char *text)
{
	char *end = text;
	for (const char *at = text; *at != '\0'; at++) {
		bool blank = *at == ' ' || *at == '\n';
		if (!blank || end == text || end[-1] != ' ') {
			*end++ = blank ? ' ' : *at;
		}
	}
	*end = '\0';
}

/* From the line that is `begin` to the line that is `end`, both without their newlines. */
static char *section(const char *text, const char *begin, const char *end)
{
	const char *from = strstr(text, begin);
	assert_non_null(from);
	const char *to = strstr(from + strlen(begin), end);
	assert_non_null(to);
	char *copy = strndup(from, (size_t)(to - from));
	assert_non_null(copy);
	return copy;
}

static void rows_are_sound(void **state)
{
	(void)state;
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		const struct option_row *row;
		for (size_t j = 0; (row = options_at(&command->options, j)) != NULL; j++) {
			bool valued = row->kind != OPTION_FLAG && row->kind != OPTION_HELP;
			bool stored = row->kind != OPTION_HELP && row->kind != OPTION_CONFIG;
			assert_true(valued == options_takes_value(row));
			assert_true(valued == (row->argument != NULL || row->choices != NULL));
			assert_true(row->help != NULL && row->help[0] != '\0');
			assert_true(strlen(row->help) < OPTION_HELP_MAX);
			assert_true(row->min <= row->max);
			assert_true((row->size > 0) == stored);
			assert_true(j < ORIGINS_MAX);
			assert_true(strlen(row->name) < NEAREST_WORD_MAX);
			assert_true((row->bare_unit_ns > 0) == (row->kind == OPTION_DURATION));
			const struct option_row *other;
			for (size_t k = 0; k < j; k++) {
				other = options_at(&command->options, k);
				assert_string_not_equal(other->name, row->name);
				assert_true(row->letter == '\0' || other->letter != row->letter);
			}
		}
	}
}

static void defaults_of_run_are_those_of_the_go_program(void **state)
{
	(void)state;
	struct settings settings;
	memset(&settings, 0x5a, sizeof(settings));
	options_set_defaults(&command_run.options, &settings);
	assert_int_equal(settings.connections, 100);
	assert_int_equal(settings.sleep_ns, 10 * NSEC_PER_MSEC);
	assert_int_equal(settings.dial_timeout_ns, 5000 * NSEC_PER_MSEC);
	assert_int_equal(settings.interval_ns, NSEC_PER_SEC);
	assert_int_equal(settings.hold_ns, 0);
	assert_false(settings.assume_yes);
	assert_false(settings.debug);
}

static void demo_has_defaults_of_its_own(void **state)
{
	(void)state;
	struct settings settings;
	memset(&settings, 0x5a, sizeof(settings));
	options_set_defaults(&command_demo.options, &settings);
	assert_int_equal(settings.connections, 10000);
	assert_int_equal(settings.sleep_ns, 0);
	assert_int_equal(settings.dial_timeout_ns, 5000 * NSEC_PER_MSEC);
}

static void bare_numbers_of_run_are_those_of_the_go_program(void **state)
{
	(void)state;
	char *argv[] = {"-c5", "-s", "100", "-t=250", "-i", "2", "--hold=3", "-y", "h", "80"};
	struct settings settings = {0};
	struct origins origins = {0};
	struct arguments arguments;
	struct error error = ERROR_INIT;
	assert_int_equal(options_parse(&command_run.options, 10, argv, &settings, &origins,
				 &arguments, &error),
		0);
	assert_int_equal(settings.connections, 5);
	assert_int_equal(settings.sleep_ns, 100 * NSEC_PER_MSEC);
	assert_int_equal(settings.dial_timeout_ns, 250 * NSEC_PER_MSEC);
	assert_int_equal(settings.interval_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(settings.hold_ns, 3 * NSEC_PER_SEC);
	assert_true(settings.assume_yes);
	assert_int_equal(arguments.count, 2);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
	(void)state;
	struct settings settings = {.connections = 8760, .sleep_ns = 3600 * NSEC_PER_SEC};
	struct error error = ERROR_INIT;
	assert_int_equal(session_check(&settings, &error), 0);
	settings.connections = 8761;
	assert_int_equal(session_check(&settings, &error), -ERANGE);
	assert_string_equal(error.text,
		"--sleep: with 1h0m0s between 8761 connections, the last would be dialled "
		"after more than a year");
	settings.sleep_ns = 0;
	assert_int_equal(session_check(&settings, &error), 0);
}

/* A variable of one command is no slip of the hand in another one. */
static void commands_leave_each_others_variables_alone(void **state)
{
	(void)state;
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		const struct option_row *row;
		for (size_t j = 0; (row = options_at(&command->options, j)) != NULL; j++) {
			char name[ENVIRONMENT_NAME_MAX];
			char variable[ENVIRONMENT_NAME_MAX + 1];
			snprintf(variable, sizeof(variable), "%s=", environment_name(row, name));
			char *const variables[] = {variable, NULL};
			const struct command *other;
			for (size_t k = 0; (other = commands_at(k)) != NULL; k++) {
				struct error error = ERROR_INIT;
				struct origins origins = {0};
				environment_apply(
					&other->options, variables, NULL, &origins, &error);
				assert_string_equal(error.text, "");
			}
		}
	}
}

static void help_tells_of_every_option(void **state)
{
	(void)state;
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		struct capture capture;
		capture_open(&capture);
		command_print_help(capture.out, command);
		capture_close(&capture);
		assert_no_line_beyond(capture.text, 100);
		enum option_group group;
		for (size_t j = 0; options_group_at(&command->options, j, &group); j++) {
			char heading[32];
			snprintf(heading, sizeof(heading), "\n%s:\n", options_group_title(group));
			assert_contains(capture.text, heading);
		}
		squeeze(capture.text);
		const struct option_row *row;
		for (size_t j = 0; (row = options_at(&command->options, j)) != NULL; j++) {
			char head[OPTION_HEAD_MAX];
			char tail[OPTION_TAIL_MAX];
			options_format_head(row, head);
			assert_contains(capture.text, head + strspn(head, " "));
			assert_contains(capture.text, row->help);
			assert_contains(capture.text, options_format_tail(row, tail));
		}
		free(capture.text);
	}
}

static void help_tells_of_every_command(void **state)
{
	(void)state;
	struct capture capture;
	capture_open(&capture);
	commands_print_help(capture.out);
	capture_close(&capture);
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		assert_contains(capture.text, command->name);
		assert_contains(capture.text, command->summary);
	}
	free(capture.text);
}

/*
 * The page as it is shipped, with its tables in their places; the caller frees it. MANUAL_SOURCE
 * comes from the build.
 */
static char *expand_shipped_manual(void)
{
	FILE *in = fopen(MANUAL_SOURCE, "r");
	assert_non_null(in);
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(manual_expand(in, capture.out, &error), 0);
	capture_close(&capture);
	fclose(in);
	return capture.text;
}

static void manual_tells_of_every_option(void **state)
{
	(void)state;
	char *page = expand_shipped_manual();
	assert_null(strstr(page, "@options"));
	static const char *const sections[][3] = {
		{"run", "\n# RUN\n", "\n# PLAN\n"},
		{"plan", "\n# PLAN\n", "\n# SERVER\n"},
		{"server", "\n# SERVER\n", "\n# DEMO\n"},
		{"demo", "\n# DEMO\n", "\n# DOCTOR\n"},
		{"doctor", "\n# DOCTOR\n", "\n# REPORT\n"},
		{"report", "\n# REPORT\n", "\n# COMPARE\n"},
		{"compare", "\n# COMPARE\n", "\n# VERSION\n"},
	};
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const struct command *command = commands_find(sections[i][0]);
		char *text = section(page, sections[i][1], sections[i][2]);
		const struct option_row *row;
		for (size_t j = 0; (row = options_at(&command->options, j)) != NULL; j++) {
			char wanted[96];
			char argument[OPTION_ARGUMENT_MAX] = "";
			if (options_takes_value(row)) {
				options_format_argument(row, argument);
			}
			snprintf(wanted, sizeof(wanted), "*--%s*%s%s%s\n\t%.20s", row->name,
				argument[0] == '\0' ? "" : " _", argument,
				argument[0] == '\0' ? "" : "_", row->help);
			assert_contains(text, wanted);
		}
		free(text);
	}
	/* A command with options of its own would need a section above. */
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		char name[48];
		snprintf(name, sizeof(name), "*tcpgoon %s*", command->name);
		assert_contains(page, name);
		bool listed = false;
		for (size_t j = 0; j < sizeof(sections) / sizeof(sections[0]); j++) {
			listed |= strcmp(sections[j][0], command->name) == 0;
		}
		assert_true(listed || options_at(&command->options, 1) == NULL);
	}
	free(page);
}

static void every_command_that_dials_or_serves_has_examples(void **state)
{
	(void)state;
	char *page = expand_shipped_manual();
	const struct command *const with[] = {
		&command_run, &command_plan, &command_server, &command_demo};
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		char begin[32];
		snprintf(begin, sizeof(begin), "tcpgoon %s", with[i]->name);
		assert_non_null(with[i]->examples);
		const struct help_example *example = with[i]->examples;
		for (; example->line != NULL; example++) {
			assert_memory_equal(example->line, begin, strlen(begin));
			assert_contains(page, example->line);
			assert_contains(page, example->purpose);
		}
	}
	free(page);
}

/* The word in bold, with what follows it, and its underscores escaped as scdoc wants it. */
static void assert_bold(const char *text, const char *word, const char *behind)
{
	char wanted[128] = "*";
	size_t used = 1;
	for (; *word != '\0'; word++) {
		assert_true(used + 3 + strlen(behind) < sizeof(wanted));
		if (*word == '_') {
			wanted[used++] = '\\';
		}
		wanted[used++] = *word;
	}
	snprintf(wanted + used, sizeof(wanted) - used, "*%s", behind);
	assert_contains(text, wanted);
}

static void manual_tells_of_every_cause_and_finding(void **state)
{
	(void)state;
	char *page = expand_shipped_manual();
	char *text = section(page, "\n# CAUSES\n", "\n# FINDINGS\n");
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		char behind[64];
		snprintf(behind, sizeof(behind), " (%s)\n\t%s. %.20s",
			cause_side_name(cause_side(cause)), cause_phrase(cause), cause_hint(cause));
		assert_bold(text, cause_name(cause), behind);
	}
	free(text);
	text = section(page, "\n# FINDINGS\n", "\n# THRESHOLDS\n");
	const char *name;
	for (size_t i = 0; (name = diagnose_rule_at(i)) != NULL; i++) {
		assert_bold(text, name, diagnose_rule_at(i + 1) != NULL ? "," : ".");
	}
	free(text);
	free(page);
}

static void manual_tells_of_every_part_of_a_threshold(void **state)
{
	(void)state;
	char *page = expand_shipped_manual();
	char *text = section(page, "\n# THRESHOLDS\n", "\n# REPORTS\n");
	static const char *const behind[] = {
		[THRESHOLD_COUNT] = " (count; percentages are of those ",
		[THRESHOLD_TIME] = "._STATISTIC_ (time, of the ",
		[THRESHOLD_RATE] = " (rate)\n\t",
	};
	struct threshold_metric metric;
	for (size_t i = 0; threshold_metric_at(i, &metric); i++) {
		assert_bold(text, metric.name, behind[metric.kind]);
		assert_contains(text, metric.meaning);
	}
	for (int i = 0; i < STATISTICS; i++) {
		assert_bold(text, statistic_name((enum statistic)i), "");
	}
	for (int i = 0; i < THRESHOLD_RELATIONS; i++) {
		assert_bold(text, threshold_relation_name((enum threshold_relation)i), "");
	}
	free(text);
	free(page);
}

static void manual_tells_of_every_format(void **state)
{
	(void)state;
	char *page = expand_shipped_manual();
	char *text = section(page, "\n# REPORTS\n", "\n# JSON\n");
	for (size_t i = 0; report_formats[i] != NULL; i++) {
		char behind[300];
		snprintf(behind, sizeof(behind), "\n\t%.20s", report_formats[i]->summary);
		assert_bold(text, report_formats[i]->name, behind);
	}
	free(text);
	free(page);
}

static void manual_refuses_an_unknown_table(void **state)
{
	(void)state;
	char source[] = "@nonsense@\n";
	FILE *in = fmemopen(source, strlen(source), "r");
	assert_non_null(in);
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(manual_expand(in, capture.out, &error), -EINVAL);
	assert_string_equal(error.text, "the man page asks for 'nonsense', which is no table");
	capture_close(&capture);
	fclose(in);
	free(capture.text);
}

static void manual_refuses_an_unknown_command(void **state)
{
	(void)state;
	char source[] = "before\n@options nonsense@\n";
	FILE *in = fmemopen(source, strlen(source), "r");
	assert_non_null(in);
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(manual_expand(in, capture.out, &error), -EINVAL);
	assert_string_equal(error.text, "the man page asks for the options of 'nonsense'");
	capture_close(&capture);
	fclose(in);
	free(capture.text);
}

static void manual_keeps_other_lines(void **state)
{
	(void)state;
	char source[] = "@options run\nx @options run@\n@options run@ x\n@\n@@\n@causes\nlast";
	FILE *in = fmemopen(source, strlen(source), "r");
	assert_non_null(in);
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(manual_expand(in, capture.out, &error), 0);
	capture_close(&capture);
	assert_string_equal(capture.text, source);
	fclose(in);
	free(capture.text);
}

/* The part of a completion script that is about one command has all its options. */
static void check_completion(const char *shell, const char *begin, const char *end,
	const char *long_form, const char *letter_form)
{
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(completion_print(capture.out, shell, &error), 0);
	fputs(end, capture.out);
	capture_close(&capture);
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		char marker[80];
		snprintf(marker, sizeof(marker), begin, command->name);
		char *text = section(capture.text, marker, end);
		const struct option_row *row;
		for (size_t j = 0; (row = options_at(&command->options, j)) != NULL; j++) {
			char wanted[64];
			snprintf(wanted, sizeof(wanted), long_form, row->name);
			assert_contains(text, wanted);
			snprintf(wanted, sizeof(wanted), letter_form, row->letter);
			if (row->letter != '\0') {
				assert_contains(text, wanted);
			}
		}
		free(text);
	}
	free(capture.text);
}

static void completions_tell_of_every_option(void **state)
{
	(void)state;
	check_completion("bash", "\n\t%s)\n", ";;\n", " --%s", " -%c");
	check_completion("zsh", "\n\t\t%s)\n", ";;\n", "--%s", "-%c");
	check_completion("fish", "__fish_use_subcommand -a %s ",
		"\ncomplete -c tcpgoon -n __fish_use_subcommand ", " -l %s ", " -s %c ");
}

/* Puts the formats in the place of the "@": "json=", "csv=", with `between` them. */
static char *expect_formats(const char *frame, const char *between)
{
	struct capture capture;
	capture_open(&capture);
	for (const char *at = frame; *at != '\0'; at++) {
		for (size_t i = 0; *at == '@' && report_formats[i] != NULL; i++) {
			fprintf(capture.out, "%s%s=", i > 0 ? between : "",
				report_formats[i]->name);
		}
		if (*at != '@') {
			fputc(*at, capture.out);
		}
	}
	capture_close(&capture);
	return capture.text;
}

static void check_completed_values(const char *shell, const char *close, char *output)
{
	struct capture capture;
	capture_open(&capture);
	struct error error = ERROR_INIT;
	assert_int_equal(completion_print(capture.out, shell, &error), 0);
	capture_close(&capture);
	assert_contains(capture.text, close);
	assert_contains(capture.text, output);
	free(capture.text);
	free(output);
}

static void completions_tell_of_fixed_values(void **state)
{
	(void)state;
	check_completed_values("bash", " --close:fin|rst ", expect_formats(" -o:@ ", "|"));
	check_completed_values("bash", " --close:fin|rst ", expect_formats(" --output:@ ", "|"));
	check_completed_values("zsh", ":fin|rst:(fin rst)'",
		expect_formats(":FORMAT=PATH:{compset -P \"(@)\" && _files ", "|"));
	check_completed_values(
		"zsh", ":fin|rst:(fin rst)'", expect_formats("|| compadd -S \"\" @}'", " "));
	check_completed_values("fish", " -l close -x -a 'fin rst' ",
		expect_formats(" -l output -r -F -a '@' ", " "));
}

static void completion_of_another_shell_is_refused(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	assert_int_equal(completion_print(stdout, "csh", &error), -EINVAL);
	assert_string_equal(error.text, "no completion for 'csh': it is bash, zsh or fish");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(defaults_of_run_are_those_of_the_go_program),
		cmocka_unit_test(demo_has_defaults_of_its_own),
		cmocka_unit_test(bare_numbers_of_run_are_those_of_the_go_program),
		cmocka_unit_test(settings_that_do_not_go_together_are_refused),
		cmocka_unit_test(commands_leave_each_others_variables_alone),
		cmocka_unit_test(help_tells_of_every_option),
		cmocka_unit_test(help_tells_of_every_command),
		cmocka_unit_test(manual_tells_of_every_option),
		cmocka_unit_test(every_command_that_dials_or_serves_has_examples),
		cmocka_unit_test(manual_tells_of_every_cause_and_finding),
		cmocka_unit_test(manual_tells_of_every_part_of_a_threshold),
		cmocka_unit_test(manual_tells_of_every_format),
		cmocka_unit_test(manual_refuses_an_unknown_table),
		cmocka_unit_test(manual_refuses_an_unknown_command),
		cmocka_unit_test(manual_keeps_other_lines),
		cmocka_unit_test(completions_tell_of_every_option),
		cmocka_unit_test(completions_tell_of_fixed_values),
		cmocka_unit_test(completion_of_another_shell_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

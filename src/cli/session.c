/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/console.h"
#include "cli/endpoint.h"
#include "cli/engine_choice.h"
#include "cli/outcome.h"
#include "cli/pacing.h"
#include "cli/surroundings.h"
#include "cli/view.h"
#include "cli/view_choice.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/report/progress.h"
#include "tcpgoon/run/run.h"
#include "tcpgoon/verdict/verdict.h"

/* Returns 0, or -EINVAL with a message. */
static int take_target(const struct command *command, const struct arguments *arguments,
	struct settings *settings, struct error *error)
{
	/* Even if they are refused: reports say what was given. */
	settings->host = arguments->count > 0 ? arguments->list[0] : NULL;
	settings->ports = arguments->count > 1 ? arguments->list[1] : NULL;
	if (arguments->count > 0 && arguments->count < 3 &&
		endpoint_refuse(command->name, settings->host, settings->ports, error) < 0) {
		return -EINVAL;
	}
	if (arguments->count < 2) {
		return error_set(error, -EINVAL,
			"%s needs a host and a port, as in 'tcpgoon %s example.org 80'",
			command->name, command->name);
	}
	if (arguments->count > 2) {
		return error_set(error, -EINVAL,
			"%s takes a host and a port, but was also given '%s'", command->name,
			arguments->list[2]);
	}
	return 0;
}

static int read_rules(
	const struct settings *settings, struct threshold_rules *rules, struct error *error)
{
	return threshold_rules_read(rules, &settings->fail_if, &settings->abort_if, error);
}

int session_check(const struct settings *settings, struct error *error)
{
	int r = pacing_check_length(settings, error);
	if (r < 0) {
		return r;
	}
	if (settings->only_ipv4 && settings->only_ipv6) {
		return error_set(error, -EINVAL,
			"-4, --ipv4 and -6, --ipv6 together leave no address: give one of them, "
			"or neither for both families");
	}
	if (settings->quiet && settings->live == LIVE_ALWAYS) {
		return error_set(error, -EINVAL,
			"-q, --quiet and --live always contradict each other: give one of them");
	}
	struct threshold_rules rules;
	return read_rules(settings, &rules, error);
}

/* A run with all that it reports to. */
struct session {
	const struct session_request *request;
	const struct settings *settings;
	struct outcome outcome;
	struct console console;
	struct view view;
	struct signals signals;
	struct engine_choice choice; /* transport NULL: not made yet */
	bool choice_told;
	struct threshold_rules rules;
	struct result result;
	struct verdict verdict;
};

/* Opens the reports. On failure prints why and returns NULL, with *ret_status. */
static struct session *open_session(const struct session_request *request, int *ret_status)
{
	const struct command *command = request->command;
	const struct settings *settings = request->settings;
	struct error error = ERROR_INIT;
	struct session *session = calloc(1, sizeof(*session));
	if (session == NULL || result_init(&session->result) < 0) {
		free(session);
		error_set(&error, -ENOMEM, "out of memory for the run");
		*ret_status = command_fail(&error);
		return NULL;
	}
	session->request = request;
	session->settings = settings;
	session->signals = (struct signals)SIGNALS_INIT;
	int r = outcome_init(&session->outcome, settings, &error);
	if (r < 0) {
		*ret_status = r == -EINVAL
			? session_refuse_usage(session, command, &error)
			: session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
		session_close(session);
		return NULL;
	}
	return session;
}

void session_close(struct session *session)
{
	outcome_finish(&session->outcome);
	result_finish(&session->result);
	free(session);
}

bool session_prepare(
	const struct session_request *request, struct session **ret_session, int *ret_status)
{
	const struct command *command = request->command;
	struct settings *settings = request->settings;
	struct error error = ERROR_INIT;
	struct arguments arguments;
	struct session *session = NULL;
	bool targeted = command->takes_target;
	bool read = targeted
		? command_read(command, request->line, settings, &arguments, ret_status)
		: command_read_options(command, request->line, settings, ret_status);
	if (read && ret_session != NULL) {
		session = open_session(request, ret_status);
	}
	if (!read || (ret_session != NULL && session == NULL)) {
		return false;
	}
	int r = targeted ? take_target(command, &arguments, settings, &error) : 0;
	if (r == 0) {
		r = pacing_settle(command, request->line, settings, &error);
	}
	if (r == 0) {
		r = session_check(settings, &error);
	}
	if (r == 0 && ret_session != NULL) {
		*ret_session = session;
	} else if (r < 0 && session != NULL) {
		*ret_status = session_refuse_usage(session, command, &error);
		session_close(session);
	} else if (r < 0) {
		command_name_origin(command, request->line, &error);
		*ret_status = command_refuse_usage(command, &error);
	}
	return r == 0;
}

FILE *session_text_stream(const struct session *session)
{
	return session->outcome.text;
}

/* Writes to the reports that nothing was dialled: an old one must not pass for this run. */
static int tell_declined(
	struct session *session, enum exit_status status, const struct error *error)
{
	static const struct threshold_rules no_rules = {.count = 0};
	struct result *result = &session->result;
	/* A report without the settings, where memory is that short, is better than none. */
	(void)result_set_settings(result, session->settings);
	result->started_at_ns = clock_wall_ns();
	result->at_end = (struct snapshot){.total = session->settings->connections,
		.not_initiated = session->settings->connections,
		.due = RESULT_UNKNOWN,
		.queued = RESULT_UNKNOWN};
	result->end = RESULT_NOT_STARTED;
	result->error = *error;
	result->local_limit = status == EXIT_STATUS_LOCAL_LIMIT;
	verdict_decline(status, &no_rules, &session->verdict);
	return outcome_tell_reports(&session->outcome, result, &session->verdict);
}

/* The message, with the variable or the file of an option that it begins with. */
static struct error with_origin(const struct session *session, const struct error *error)
{
	struct error named = *error;
	command_name_origin(session->request->command, session->request->line, &named);
	return named;
}

int session_decline(struct session *session, enum exit_status status, const struct error *error)
{
	struct error named = with_origin(session, error);
	command_fail(&named);
	return tell_declined(session, status, &named);
}

int session_refuse_usage(
	struct session *session, const struct command *command, const struct error *error)
{
	struct error named = with_origin(session, error);
	command_refuse_usage(command, &named);
	return tell_declined(session, EXIT_STATUS_INCOMPLETE, &named);
}

int session_leave_unconfirmed(struct session *session)
{
	struct error error;
	error_set(&error, -ECANCELED, "the run was not confirmed");
	return tell_declined(session, EXIT_STATUS_INCOMPLETE, &error);
}

static const struct engine_choice *choice_of(struct session *session)
{
	if (session->choice.transport == NULL) {
		engine_choose(session->settings, &session->choice);
	}
	return &session->choice;
}

/* In a line, once, where it is not what would have been the best. */
static void tell_choice(struct session *session)
{
	if (!session->choice_told && session->choice.why.text[0] != '\0') {
		command_note(NULL, session->choice.why.text);
	}
	session->choice_told = true;
}

bool session_is_possible(struct session *session, const struct plan *plan)
{
	const struct engine_choice *choice = choice_of(session);
	struct checks checks;
	engine_choice_check(choice, plan, &checks);
	bool possible = checks.possible && choice->code == 0;
	if (possible) {
		tell_choice(session);
	}
	return possible;
}

bool session_allows(struct session *session, const struct plan *plan, int *ret_status)
{
	const struct engine_choice *choice = choice_of(session);
	struct checks checks;
	if (choice->code == 0) {
		tell_choice(session);
	}
	engine_choice_check(choice, plan, &checks);
	if (!checks.possible && !plan->settings.force) {
		char sentence[CHECK_SENTENCE_MAX];
		struct error error = ERROR_INIT;
		error_set(&error, -ENOSPC, "%s; --force dials anyway",
			check_refusal(&checks, sentence));
		*ret_status = session_decline(session, EXIT_STATUS_LOCAL_LIMIT, &error);
		return false;
	}
	if (choice->code < 0) {
		*ret_status = session_decline(session, EXIT_STATUS_INCOMPLETE, &choice->why);
		return false;
	}
	return true;
}

static void on_tick(void *context, const struct result *result)
{
	struct session *session = context;
	if (session->view.stream == session->console.text && session->outcome.shows_status) {
		view_make_way(&session->view);
	}
	outcome_sample(&session->outcome, result);
}

static void on_frame(void *context, const struct result *result, uint64_t elapsed_ns)
{
	struct session *session = context;
	view_frame(&session->view, result, elapsed_ns);
}

static void on_event(void *context, const struct event *event)
{
	struct session *session = context;
	char sentence[PROGRESS_MAX];
	/* There is no view yet while the run waits. */
	bool waiting = event->kind == EVENT_WAITING;
	bool told = session->settings->quiet || (!waiting && session->view.stream != NULL);
	if (!waiting) {
		view_event(&session->view, event);
	}
	if (!told && progress_describe(event, sentence) != NULL) {
		fprintf(session->console.messages->file, "tcpgoon: %s\n", sentence);
	}
	outcome_event(&session->outcome, event);
}

static bool on_review(void *context, const struct result *result)
{
	const struct session *session = context;
	return verdict_aborts(result, &session->rules);
}

static void on_debug(void *context, const char *line)
{
	struct session *session = context;
	view_make_way(&session->view);
	fprintf(session->console.messages->file, "%s\n", line);
}

static bool on_wait(void *context)
{
	struct session *session = context;
	bool waits = console_push(&session->console);
	outcome_lose_text(&session->outcome, session->console.text->failure);
	return waits;
}

static int carry_out(struct session *session, const struct plan *plan, struct error *error)
{
	const struct run_observer observer = {
		.context = session,
		.on_tick = on_tick,
		.on_frame = on_frame,
		.on_event = on_event,
		.on_review = plan->settings.abort_if.count > 0 ? on_review : NULL,
		.on_wait = on_wait,
		.on_debug = plan->settings.debug ? on_debug : NULL,
	};
	const struct run_params params = {
		.plan = plan,
		.observer = &observer,
		.transport = choice_of(session)->transport,
		.keep_connections = outcome_wants_connections(&session->outcome),
		.frame_ns = session->view.stream != NULL ? VIEW_FRAME_NS : 0,
		.signals = &session->signals,
	};
	int r = read_rules(&plan->settings, &session->rules, error);
	if (r == 0) {
		r = pacing_check_start(&plan->settings, error); /* the question took its time */
	}
	return r < 0 ? r : run_execute(&params, &session->result, error);
}

/*
 * After the run, the first signal only ends the waiting for readers. The next one ends the process;
 * so does the first, if a signal ended the run already.
 */
static void hand_signals_over(struct session *session)
{
	bool came = signals_came(&session->signals);
	if (session->result.end != RESULT_INTERRUPTED) {
		session->outcome.stop_fd = surroundings_stop_fd(came);
	}
	signals_finish(&session->signals);
}

/* Runs, with signals and output set up so that slow readers do not hold the run up. */
static int carry_out_in_console(
	struct session *session, const struct plan *plan, struct error *error)
{
	struct console *console = &session->console;
	fflush(stdout);
	int r = console_init(console, session->outcome.text == stderr);
	if (r < 0) {
		error_set(error, r, "out of memory for the output");
	} else {
		r = signals_init(&session->signals, error);
	}
	if (r == 0) {
		r = outcome_begin(&session->outcome, console, &plan->settings, error);
	}
	if (r == 0) {
		view_choose(&session->view, &session->outcome, console, &plan->settings);
		r = carry_out(session, plan, error);
	}
	view_end(&session->view, &session->result);
	hand_signals_over(session);
	session->result.generator.lines_dropped = console_settle(console, session->outcome.stop_fd);
	view_leave(&session->view);
	outcome_end_lines(&session->outcome, console);
	console_finish(console);
	return r;
}

/* Ends the peer of the run. Returns its text, which the caller frees, or NULL. */
static char *end_peer(const struct session_peer *peer, struct verdict *verdict)
{
	char *words = NULL;
	size_t length = 0;
	struct error error = ERROR_INIT;
	FILE *out = open_memstream(&words, &length);
	if (out == NULL) {
		error_set(&error, -ENOMEM, "out of memory for the totals of the server");
	} else if (peer->end(peer->context, out, &error) == 0 && ferror(out)) {
		error_set(&error, -ENOMEM, "out of memory for the totals of the server");
	}
	if (out != NULL) {
		fclose(out);
	}
	if (error.text[0] != '\0') {
		struct error reason;
		error_set(&reason, 0, "The other end failed: %s.", error.text);
		verdict_fail(verdict, reason.text);
		command_fail(&error);
	}
	return words;
}

/* Reports a run that broke off, as far as it went. */
static int tell_broken_off(struct session *session, const struct error *error)
{
	struct result *result = &session->result;
	if (result->totals.dialed == 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, error);
	}
	command_fail(error);
	result->end = RESULT_FAILED;
	result->error = *error;
	verdict_judge(result, &session->rules, &session->verdict);
	return outcome_tell(&session->outcome, result, &session->verdict, NULL);
}

int session_run(struct session *session, const struct plan *plan, const struct session_peer *peer)
{
	struct error error = ERROR_INIT;
	if (carry_out_in_console(session, plan, &error) < 0) {
		return tell_broken_off(session, &error);
	}
	verdict_judge(&session->result, &session->rules, &session->verdict);
	char *words = peer != NULL ? end_peer(peer, &session->verdict) : NULL;
	int status = outcome_tell(&session->outcome, &session->result, &session->verdict, words);
	free(words);
	return status;
}

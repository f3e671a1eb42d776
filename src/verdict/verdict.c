/* SPDX-License-Identifier: MIT */
#include "tcpgoon/verdict/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tcpgoon/base/plural.h"

static int add_rules(struct threshold_rules *rules, const struct text_list *texts, bool aborts,
	const char *option, struct error *error)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (rules->count == VERDICT_THRESHOLDS_MAX) {
			return error_set(error, -EINVAL, "%s: more than %d thresholds", option,
				VERDICT_THRESHOLDS_MAX);
		}
		struct threshold_rule *rule = &rules->list[rules->count];
		rule->aborts = aborts;
		int r = threshold_parse(texts->items[i], &rule->threshold, error);
		if (r < 0) {
			error_prefix(error, "%s", option);
			return r;
		}
		rules->count++;
	}
	return 0;
}

int threshold_rules_read(struct threshold_rules *ret_rules, const struct text_list *fail_if,
	const struct text_list *abort_if, struct error *error)
{
	ret_rules->count = 0;
	int r = add_rules(ret_rules, fail_if, false, "--fail-if", error);
	return r < 0 ? r : add_rules(ret_rules, abort_if, true, "--abort-if", error);
}

static void __attribute__((format(printf, 2, 3)))
add_reason(struct verdict *verdict, const char *format, ...)
{
	if (verdict->reason_count == VERDICT_REASONS_MAX) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(verdict->reasons[verdict->reason_count++], VERDICT_REASON_MAX, format, arguments);
	va_end(arguments);
}

/* Sets the status, unless one that outweighs it has been set. */
static void propose(struct verdict *verdict, enum exit_status status)
{
	if (exit_status_outweighs(status, verdict->exit_status)) {
		verdict->exit_status = status;
	}
}

static void judge_end(struct verdict *verdict, const struct result *result)
{
	uint64_t undecided = result->at_end.not_initiated + result->at_end.dialing;
	if (result->end == RESULT_INTERRUPTED) {
		propose(verdict, EXIT_STATUS_INCOMPLETE);
		add_reason(verdict, "The run was interrupted.");
	} else if (result->end == RESULT_FAILED) {
		propose(verdict, EXIT_STATUS_INCOMPLETE);
		add_reason(verdict, "The run could not be completed.");
	} else if (result->end == RESULT_ABORTED) {
		add_reason(verdict, "The run was ended early by --abort-if.");
	} else if (undecided > 0) {
		propose(verdict, EXIT_STATUS_INCOMPLETE);
		add_reason(verdict, "%" PRIu64 " connection%s %s not decided.", undecided,
			plural(undecided), plural_were(undecided));
	}
}

/* Failures of this machine say nothing about the target. */
static void judge_local(struct verdict *verdict, const struct result *result)
{
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		const struct cause_tally *tally = &result->causes[i];
		if (tally->count > 0 && i != CAUSE_INTERRUPTED &&
			cause_side((enum cause)i) == CAUSE_SIDE_LOCAL) {
			propose(verdict, EXIT_STATUS_LOCAL_LIMIT);
			add_reason(verdict,
				"This machine was the limit: %" PRIu64
				" connection%s failed here (%s).",
				tally->count, plural(tally->count), cause_phrase((enum cause)i));
		}
	}
	for (size_t i = 0; i < verdict->findings.count; i++) {
		const struct finding *finding = &verdict->findings.list[i];
		if (finding->weight == FINDING_LOCAL) {
			propose(verdict, EXIT_STATUS_LOCAL_LIMIT);
			add_reason(verdict,
				"This machine was the limit: %" PRIu64
				" connection%s failed because of it (%s).",
				finding->count, plural(finding->count), finding->name);
		}
	}
}

/* Connections that were established and stayed, but did not work. */
static void judge_useless(struct verdict *verdict, const struct result *result)
{
	for (size_t i = 0; i < verdict->findings.count; i++) {
		const struct finding *finding = &verdict->findings.list[i];
		if (finding->weight == FINDING_FAILURE) {
			propose(verdict, EXIT_STATUS_FAILURES);
			add_reason(verdict,
				"%" PRIu64 " of %" PRIu64 " connection%s did not work (%s).",
				finding->count, result->totals.established,
				plural(result->totals.established), finding->name);
		}
	}
}

static void judge_thresholds(struct verdict *verdict, const struct result *result)
{
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold *threshold = &verdict->rules->list[i].threshold;
		struct threshold_outcome *outcome = &verdict->outcomes[i];
		threshold_evaluate(threshold, result, false, outcome);
		if (outcome->crossed) {
			propose(verdict, EXIT_STATUS_THRESHOLD);
			add_reason(verdict, "The threshold %s was crossed: %s.", threshold->text,
				outcome->actual);
		}
	}
}

/* The threshold held when it ended the run, whatever it says about the end. */
static void judge_abort(struct verdict *verdict, const struct result *result)
{
	if (result->end == RESULT_ABORTED) {
		propose(verdict, EXIT_STATUS_THRESHOLD);
	}
}

static void judge_failures(struct verdict *verdict, const struct result *result)
{
	const struct totals *totals = &result->totals;
	bool dropped = result->held && totals->dropped > 0;
	if (totals->failed > 0) {
		propose(verdict, EXIT_STATUS_FAILURES);
		add_reason(verdict, "%" PRIu64 " of %" PRIu64 " connection%s failed.",
			totals->failed, result->at_end.total, plural(result->at_end.total));
	}
	if (dropped) {
		propose(verdict, EXIT_STATUS_FAILURES);
		add_reason(verdict,
			"%" PRIu64 " of %" PRIu64 " connection%s %s dropped while held.",
			totals->dropped, result->totals.established,
			plural(result->totals.established), plural_were(totals->dropped));
	}
	judge_useless(verdict, result);
}

/*
 * A gate that cannot judge lets nothing pass: in a total outage no latency is too long. And if one
 * threshold says nothing, the others do not excuse failures.
 */
static void judge_unjudged(struct verdict *verdict, const struct result *result)
{
	size_t unjudged = 0;
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold_outcome *outcome = &verdict->outcomes[i];
		if (outcome->not_judged[0] == '\0') {
			continue;
		}
		unjudged++;
		propose(verdict,
			outcome->unmeasured_here ? EXIT_STATUS_INCOMPLETE : EXIT_STATUS_FAILURES);
		add_reason(verdict, "The threshold %s does not count as kept: %s.",
			verdict->rules->list[i].threshold.text, outcome->not_judged);
	}
	if (unjudged > 0) {
		judge_failures(verdict, result);
	}
}

static void say_all_well(struct verdict *verdict, bool found)
{
	verdict->all_well = true;
	add_reason(verdict, "%s", found ? "Nothing counted as a failure." : "All went well.");
}

void verdict_judge(const struct result *result, const struct threshold_rules *rules,
	struct verdict *ret_verdict)
{
	*ret_verdict = (struct verdict){.exit_status = EXIT_STATUS_OK, .rules = rules};
	diagnose(result, &ret_verdict->findings);
	judge_end(ret_verdict, result);
	judge_local(ret_verdict, result);
	if (rules->count > 0) {
		judge_thresholds(ret_verdict, result);
		judge_abort(ret_verdict, result);
		judge_unjudged(ret_verdict, result);
	} else {
		judge_failures(ret_verdict, result);
	}
	if (ret_verdict->reason_count == 0) {
		say_all_well(ret_verdict, ret_verdict->findings.count > 0);
	}
}

void verdict_decline(
	enum exit_status status, const struct threshold_rules *rules, struct verdict *ret_verdict)
{
	*ret_verdict = (struct verdict){.exit_status = status, .rules = rules};
	add_reason(ret_verdict, "Nothing was dialled.");
}

void verdict_unite(const char *const *names, const struct verdict *const *verdicts, size_t count,
	struct verdict *ret_verdict)
{
	static const struct threshold_rules no_rules = {.count = 0};
	*ret_verdict = (struct verdict){.exit_status = EXIT_STATUS_OK, .rules = &no_rules};
	bool found = false;
	size_t reasons = 0;
	for (size_t i = 0; i < count; i++) {
		propose(ret_verdict, verdicts[i]->exit_status);
		found |= verdicts[i]->findings.count > 0;
		reasons += verdicts[i]->all_well ? 0 : verdicts[i]->reason_count;
		for (size_t j = 0; j < verdicts[i]->reason_count && !verdicts[i]->all_well; j++) {
			add_reason(ret_verdict, "%s: %s", names[i], verdicts[i]->reasons[j]);
		}
	}
	if (reasons == 0) {
		say_all_well(ret_verdict, found);
	} else if (reasons > VERDICT_REASONS_MAX) {
		ret_verdict->reason_count--;
		add_reason(ret_verdict, "%zu more reasons are left out.",
			reasons - ret_verdict->reason_count);
	}
}

void verdict_fail(struct verdict *verdict, const char *reason)
{
	if (verdict->all_well) {
		verdict->all_well = false;
		verdict->reason_count = 0;
	}
	if (verdict->reason_count == VERDICT_REASONS_MAX) {
		verdict->reason_count--; /* this one outweighs all others */
	}
	verdict->exit_status = EXIT_STATUS_INCOMPLETE;
	add_reason(verdict, "%s", reason);
}

bool verdict_aborts(const struct result *result, const struct threshold_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct threshold_outcome outcome;
		if (rules->list[i].aborts) {
			threshold_evaluate(&rules->list[i].threshold, result, true, &outcome);
			if (outcome.crossed) {
				return true;
			}
		}
	}
	return false;
}

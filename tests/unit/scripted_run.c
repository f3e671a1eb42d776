/* SPDX-License-Identifier: MIT */
#include "scripted_run.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

static void count_tick(void *context, const struct result *result)
{
	struct scripted_run *run = context;
	(void)result;
	run->ticks++;
}

static void count_frame(void *context, const struct result *result, uint64_t elapsed_ns)
{
	struct scripted_run *run = context;
	assert_ptr_equal(result, &run->result);
	run->frames++;
	run->frame_elapsed_ns = elapsed_ns;
}

static void keep_event(void *context, const struct event *event)
{
	struct scripted_run *run = context;
	assert_true(run->event_count < sizeof(run->events) / sizeof(run->events[0]));
	run->events[run->event_count++] = *event;
}

static void keep_debug(void *context, const char *line)
{
	struct scripted_run *run = context;
	size_t used = strlen(run->debug);
	snprintf(run->debug + used, sizeof(run->debug) - used, "%s\n", line);
}

static bool review(void *context, const struct result *result)
{
	struct scripted_run *run = context;
	(void)result;
	return ++run->reviews == run->abort_at_review;
}

int scripted_run_setup(void **state)
{
	struct scripted_run *run = calloc(1, sizeof(*run));
	assert_non_null(run);
	run->script = script_begin();
	run->host = host_begin();
	run->observer = (struct run_observer){
		.context = run,
		.on_tick = count_tick,
		.on_frame = count_frame,
		.on_event = keep_event,
		.on_review = review,
		.on_debug = keep_debug,
	};
	assert_int_equal(result_init(&run->result), 0);
	assert_int_equal(signals_init(&run->signals, &run->error), 0);
	*state = run;
	return 0;
}

int scripted_run_teardown(void **state)
{
	struct scripted_run *run = *state;
	signals_finish(&run->signals);
	result_finish(&run->result);
	tuples_finish(&run->plan.tuples);
	free(run->plan.targets.list);
	host_end();
	script_end();
	free(run);
	return 0;
}

static struct address literal(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

static void list_targets(struct targets *targets, size_t count)
{
	targets->count = count;
	targets->list = calloc(count, sizeof(*targets->list));
	assert_non_null(targets->list);
	for (size_t i = 0; i < count; i++) {
		targets->list[i] = literal(RUN_TARGET_HOST, (uint16_t)(RUN_TARGET_PORT + i));
	}
}

/* As many ports as it takes, in their order. */
static void lay_out_tuples(struct plan *plan, const struct run_layout *layout, uint64_t sources)
{
	uint64_t each = plan->targets.count * sources;
	uint64_t count = (layout->connections + each - 1) / each + layout->spare;
	assert_in_range(count, 1, 40000);
	uint16_t *ports = calloc(count, sizeof(*ports));
	uint32_t *set_of_target = calloc(plan->targets.count, sizeof(*set_of_target));
	assert_non_null(ports);
	assert_non_null(set_of_target);
	for (uint64_t i = 0; i < count; i++) {
		ports[i] = (uint16_t)(RUN_SOURCE_PORT + i);
	}
	const struct source_range range = {.first = literal(RUN_SOURCE_HOST, 0), .count = sources};
	const struct source_set set = {.ranges = &range, .range_count = layout->unbound ? 0 : 1};
	const struct port_order order = {
		.list = ports,
		.counts = {[PORT_BAND_OUTSIDE] = (uint32_t)count},
		.count = (uint32_t)count,
	};
	const struct tuples_params params = {
		.targets = &plan->targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = set_of_target,
		.order = &order,
		.port_auto = layout->port_auto,
	};
	assert_int_equal(tuples_init(&plan->tuples, &params), 0);
	free(ports);
	free(set_of_target);
}

void scripted_run_plan(struct scripted_run *run, const struct run_layout *layout)
{
	struct plan *plan = &run->plan;
	*plan = (struct plan){
		.settings =
			{
				.host = RUN_TARGET_HOST,
				.connections = layout->connections,
				.dial_timeout_ns = NSEC_PER_SEC,
				.close_mode = CLOSE_FIN,
			},
	};
	list_targets(&plan->targets, layout->targets == 0 ? 1 : layout->targets);
	lay_out_tuples(plan, layout, layout->sources == 0 ? 1 : layout->sources);
}

int scripted_run_execute(struct scripted_run *run)
{
	if (!schedule_is_paced(&run->plan.schedule)) {
		run->plan.schedule = schedule_every(run->plan.settings.sleep_ns, 1);
	}
	const struct run_params params = {
		.plan = &run->plan,
		.transport = &transport_scripted,
		.observer = &run->observer,
		.frame_ns = run->frame_ns,
		.keep_connections = run->keep_connections,
		.signals = &run->signals,
	};
	return run_execute(&params, &run->result, &run->error);
}

void scripted_run_complete(struct scripted_run *run, const struct script_fate *fate)
{
	struct script *script = run->script;
	script->fate = fate;
	if (scripted_run_execute(run) < 0) {
		fail_msg("%s", run->error.text);
	}
	for (uint64_t i = 0; i < script->slot_count; i++) {
		assert_false(script->slots[i].in_flight);
	}
	assert_int_equal(script_count_sockets(script), 0);
	assert_int_equal(script->destroyed, 1);
}

static void interrupt(void *context)
{
	(void)context;
	raise(SIGINT); /* blocked: the signalfd has it */
}

void scripted_run_interrupt_at(struct scripted_run *run, uint64_t at_ns)
{
	script_add_action(run->script, at_ns, interrupt, NULL);
	script_add_ready(run->script, at_ns, signals_poll_fd(&run->signals));
}

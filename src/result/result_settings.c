/* SPDX-License-Identifier: MIT */
#include "tcpgoon/result/result_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/plan/pace.h"

static int copy_text(char **ret_copy, const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);
	if (text != NULL && copy == NULL) {
		return -ENOMEM;
	}
	*ret_copy = copy;
	return 0;
}

static int copy_list(struct text_list *into, const struct text_list *from)
{
	int r = 0;
	for (size_t i = 0; i < from->count && r == 0; i++) {
		r = text_list_add_copy(into, from->items[i]);
	}
	return r;
}

static int copy_texts(struct result_settings *settings, const struct settings *from)
{
	const struct {
		char **into;
		const char *from;
	} texts[] = {
		{&settings->host, from->host},
		{&settings->ports, from->ports},
		{&settings->source_port, from->source_port},
		{&settings->rate, from->rate},
		{&settings->start_at, from->start_at},
	};
	const struct {
		struct text_list *into;
		const struct text_list *from;
	} lists[] = {
		{&settings->sources, &from->sources},
		{&settings->ramps, &from->ramps},
		{&settings->fail_if, &from->fail_if},
		{&settings->abort_if, &from->abort_if},
	};
	int r = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++) {
		r = copy_text(texts[i].into, texts[i].from);
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && r == 0; i++) {
		r = copy_list(lists[i].into, lists[i].from);
	}
	return r;
}

int result_settings_copy(struct result_settings *ret_settings, const struct settings *from)
{
	struct result_settings settings = {
		.resolve_mode = from->resolve_mode,
		.only_ipv4 = from->only_ipv4,
		.only_ipv6 = from->only_ipv6,
		.connections = from->connections,
		.burst = from->burst,
		.sleep_ns = from->sleep_ns,
		.dial_timeout_ns = from->dial_timeout_ns,
		.hold_ns = from->hold_ns,
		.close_mode = from->close_mode,
		.force = from->force,
	};
	int r = copy_texts(&settings, from);
	if (r < 0) {
		result_settings_finish(&settings);
		return r;
	}
	*ret_settings = settings;
	return 0;
}

int result_settings_schedule(
	const struct result_settings *settings, struct schedule *ret_schedule, struct error *error)
{
	const struct pace pace = {
		.sleep_ns = settings->sleep_ns,
		.rate = settings->rate,
		.ramps = &settings->ramps,
		.burst = settings->burst,
	};
	return pace_read(&pace, ret_schedule, error);
}

void result_settings_finish(struct result_settings *settings)
{
	free(settings->host);
	free(settings->ports);
	free(settings->source_port);
	free(settings->rate);
	free(settings->start_at);
	text_list_free_copies(&settings->sources);
	text_list_free_copies(&settings->ramps);
	text_list_free_copies(&settings->fail_if);
	text_list_free_copies(&settings->abort_if);
	*settings = (struct result_settings){0};
}

/* SPDX-License-Identifier: MIT */
/*
 * NO_COLOR (https://no-color.org) has the last word on colours; CLICOLOR_FORCE
 * (https://bixense.com/clicolors) asks for them where there is no terminal. Whether the terminal shows
 * UTF-8 is what the locale says: its name is read as setlocale(3) would choose it, so that it counts
 * even where that locale is not installed, as in most containers.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS 24

static bool is_given(const char *value)
{
	return value != NULL && value[0] != '\0';
}

static const char *first_given(const char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(names[i]);
		if (is_given(value)) {
			return value;
		}
	}
	return NULL;
}

void terminal_find_facts(int fd, struct terminal_facts *ret_facts)
{
	static const char *const locales[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	*ret_facts = (struct terminal_facts){
		.is_terminal = isatty(fd) == 1,
		.is_foreground = terminal_is_foreground(fd),
		.term = getenv("TERM"),
		.no_color = getenv("NO_COLOR"),
		.clicolor_force = getenv("CLICOLOR_FORCE"),
		.locale = first_given(locales, sizeof(locales) / sizeof(locales[0])),
	};
}

/* "en_GB.UTF-8", "C.utf8" */
static bool is_utf8(const char *locale)
{
	const char *codeset = locale != NULL ? strchr(locale, '.') : NULL;
	return codeset != NULL &&
		(strncasecmp(codeset, ".utf-8", 6) == 0 || strncasecmp(codeset, ".utf8", 5) == 0);
}

static bool wants_view(const struct terminal_facts *facts, enum live_mode mode, bool lines_follow)
{
	bool smart = is_given(facts->term) && strcmp(facts->term, "dumb") != 0;
	switch (mode) {
	case LIVE_AUTO:
		return facts->is_terminal && facts->is_foreground && smart && !lines_follow;
	case LIVE_ALWAYS:
		return true;
	case LIVE_NEVER:
	case LIVE_MODE_MAX:
		break;
	}
	return false;
}

struct terminal_look terminal_decide(
	const struct terminal_facts *facts, enum live_mode mode, bool lines_follow)
{
	bool forced = is_given(facts->clicolor_force) && strcmp(facts->clicolor_force, "0") != 0;
	bool dumb = facts->term != NULL && strcmp(facts->term, "dumb") == 0;
	return (struct terminal_look){
		.live = wants_view(facts, mode, lines_follow),
		.colours = !is_given(facts->no_color) && (forced || (facts->is_terminal && !dumb)),
		.utf8 = is_utf8(facts->locale),
	};
}

bool terminal_is_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);
	/* 0: that of another PID namespace. */
	return group <= 0 || group == getpgrp();
}

/* A number of an environment variable; 0: there is none. */
static unsigned number_of(const char *name)
{
	const char *value = getenv(name);
	long number = value != NULL ? strtol(value, NULL, 10) : 0;
	return number > 0 && number <= 10000 ? (unsigned)number : 0;
}

void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size = {0};
	if (ioctl(fd, TIOCGWINSZ, &size) < 0) {
		size = (struct winsize){0};
	}
	unsigned columns = size.ws_col > 0 ? size.ws_col : number_of("COLUMNS");
	unsigned rows = size.ws_row > 0 ? size.ws_row : number_of("LINES");
	*ret_columns = columns > 0 ? columns : DEFAULT_COLUMNS;
	*ret_rows = rows > 0 ? rows : DEFAULT_ROWS;
}

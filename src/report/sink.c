/* SPDX-License-Identifier: MIT */
/*
 * A report may be hundreds of megabytes, so it is not made in memory. stdio knows that a write
 * failed, but no longer why by the time that a format has ended: the reason is kept here.
 */
#include "report/sink.h"

#include <errno.h>
#include <sys/types.h>

static ssize_t take_from_stdio(void *cookie, const char *text, size_t length)
{
	struct sink *sink = cookie;
	if (sink->failure == 0) {
		sink->failure = sink->function(sink->context, text, length);
	}
	return sink->failure == 0 ? (ssize_t)length : 0; /* 0 is an error, to stdio */
}

int sink_open(struct sink *sink, sink_function *function, void *context)
{
	const cookie_io_functions_t functions = {.write = take_from_stdio};
	*sink = (struct sink){.function = function, .context = context};
	sink->file = fopencookie(sink, "w", functions);
	return sink->file == NULL ? -ENOMEM : 0;
}

int sink_close(struct sink *sink)
{
	int r = fclose(sink->file) != 0 ? -EIO : 0;
	return sink->failure < 0 ? sink->failure : r;
}

/* SPDX-License-Identifier: MIT */
#include "tcpgoon/result/event.h"

const char *event_name(enum event_kind kind)
{
	static const char *const names[EVENT_KINDS] = {
		[EVENT_WAITING] = "waiting",
		[EVENT_HOLDING] = "holding",
		[EVENT_ASKING] = "asking",
		[EVENT_LOOKING_AGAIN] = "looking_again",
		[EVENT_CLOSING] = "closing",
	};
	return names[kind];
}

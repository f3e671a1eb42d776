/* SPDX-License-Identifier: MIT */
/* A step of a run, in numbers; it becomes English where it is shown. */
#ifndef TCPGOON_RESULT_EVENT_H
#define TCPGOON_RESULT_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_WAITING, /* for the instant to start at, in `duration_ns` */
	EVENT_HOLDING, /* all dials are decided; the hold takes `duration_ns` */
	EVENT_ASKING, /* the run asks the kernel about each connection */
	EVENT_LOOKING_AGAIN, /* it asks again about doubtful ones, after `duration_ns` */
	EVENT_CLOSING,
	EVENT_KINDS,
};

struct event {
	enum event_kind kind;
	uint64_t elapsed_ns; /* since the start of the run */
	uint64_t count; /* connections */
	uint64_t duration_ns; /* 0: the kind has none */
};

/* "holding", "looking_again". */
const char *event_name(enum event_kind kind);

#endif

/* SPDX-License-Identifier: MIT */
/* Which ICMP message ended a dial: asked of the socket's error queue. */
#ifndef TCPGOON_RUN_ICMP_H
#define TCPGOON_RUN_ICMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "run/requests.h"
#include "tcpgoon/base/address.h"
#include "tcpgoon/stats/cause.h"

/* Questions under way at once; further ones wait. */
#define ICMP_SLOTS 32
#define ICMP_CONTROL_SIZE 256

/* A dial that failed, until its cause is known. */
struct icmp_question {
	uint32_t index;
	int error_number;
	uint64_t failed_ns;
};

struct icmp {
	struct requests *requests;
	struct icmp_slot {
		struct icmp_question question;
		struct msghdr message;
		uint8_t control[ICMP_CONTROL_SIZE] __attribute__((aligned(8)));
	} slots[ICMP_SLOTS];
	uint32_t busy; /* bit i: slot i is under way */
	struct icmp_question *waiting; /* owned */
	uint32_t waiting_count;
	uint32_t waiting_capacity;
};

void icmp_init(struct icmp *icmp, struct requests *requests);
void icmp_finish(struct icmp *icmp);

/* Whether the errno hides which ICMP message it was, so that asking is worth it. */
bool icmp_is_ambiguous(int error_number);

/* What the error queue said. */
struct icmp_answer {
	struct icmp_question question; /* with the errno that was told, where one was */
	bool told; /* there was a message of ICMP */
	struct address offender; /* who sent it; family AF_UNSPEC: not known */
	enum cause cause;
};

/*
 * Takes the question; its connection holds CONN_QUESTIONED. False where there is no memory for it:
 * then the errno must do.
 */
bool icmp_add(struct icmp *icmp, const struct icmp_question *question);

/* Queues what waits, as far as there are slots. Returns 0 or a negative errno. */
int icmp_advance(struct icmp *icmp);

/* The answer to the question in `slot` (the token's index) has come. The slot is free again. */
void icmp_take_answer(struct icmp *icmp, uint32_t slot, int result, struct icmp_answer *ret_answer);

/* The cause that an extended error of ICMPv4 stands for, CAUSE_NONE where errno says it all. */
enum cause icmp_cause(uint8_t type, uint8_t code);

#endif

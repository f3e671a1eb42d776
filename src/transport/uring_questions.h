/* SPDX-License-Identifier: MIT */
/* Reads the error queues of sockets whose dial has failed, some at a time. */
#ifndef TCPGOON_TRANSPORT_URING_QUESTIONS_H
#define TCPGOON_TRANSPORT_URING_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "transport/error_queue.h"
#include "transport/uring_requests.h"

/* Questions in flight at once; further ones wait. */
#define URING_QUESTIONS_MAX 32

/* A dial that failed, until its error queue was read. */
struct uring_question {
	struct slot slot;
	int error_number; /* the errno that the dial failed with */
	uint64_t failed_ns;
};

struct uring_questions {
	struct uring_requests *requests;
	struct uring_asked {
		struct uring_question question;
		struct msghdr message;
		uint8_t control[ERROR_QUEUE_CONTROL_SIZE] __attribute__((aligned(8)));
	} asked[URING_QUESTIONS_MAX];
	uint32_t busy; /* bit i: asked[i] is in flight */
	struct uring_question *waiting; /* owned */
	uint32_t waiting_count;
	uint32_t waiting_capacity;
};

void uring_questions_init(struct uring_questions *questions, struct uring_requests *requests);
void uring_questions_finish(struct uring_questions *questions);

/* Takes the question. False if there is no memory for it: then only the errno is known. */
bool uring_questions_add(struct uring_questions *questions, const struct uring_question *question);

/* Queues waiting questions while there is room. Returns 0 or a negative errno. */
int uring_questions_advance(struct uring_questions *questions);

/*
 * To be called when the RECVMSG of question `number` has completed with `result`. Returns the
 * question; *ret_told says whether there was a message.
 */
struct uring_question uring_questions_take(struct uring_questions *questions, uint32_t number,
	int result, struct icmp_message *ret_message, bool *ret_told);

#endif

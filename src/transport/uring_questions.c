/* SPDX-License-Identifier: MIT */
#include "transport/uring_questions.h"

#include <assert.h>
#include <stdlib.h>

static_assert(URING_QUESTIONS_MAX == 32, "a bit of `busy` for each");

void uring_questions_init(struct uring_questions *questions, struct uring_requests *requests)
{
	*questions = (struct uring_questions){.requests = requests};
}

void uring_questions_finish(struct uring_questions *questions)
{
	free(questions->waiting);
	questions->waiting = NULL;
}

static bool make_room(struct uring_questions *questions)
{
	if (questions->waiting_count < questions->waiting_capacity) {
		return true;
	}
	uint32_t capacity = questions->waiting_capacity == 0 ? 64 : questions->waiting_capacity * 2;
	struct uring_question *grown =
		reallocarray(questions->waiting, capacity, sizeof(*questions->waiting));
	if (grown == NULL) {
		return false;
	}
	questions->waiting = grown;
	questions->waiting_capacity = capacity;
	return true;
}

bool uring_questions_add(struct uring_questions *questions, const struct uring_question *question)
{
	if (!make_room(questions)) {
		return false;
	}
	questions->waiting[questions->waiting_count++] = *question;
	return true;
}

static int ask(struct uring_questions *questions, uint32_t number)
{
	struct uring_asked *asked = &questions->asked[number];
	asked->question = questions->waiting[questions->waiting_count - 1];
	asked->message = (struct msghdr){
		.msg_control = asked->control,
		.msg_controllen = sizeof(asked->control),
	};
	int r = uring_requests_error_queue(
		questions->requests, asked->question.slot.number, number, &asked->message);
	if (r == 0) {
		questions->waiting_count--;
		questions->busy |= UINT32_C(1) << number;
	}
	return r;
}

int uring_questions_advance(struct uring_questions *questions)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && questions->waiting_count > 0 && i < URING_QUESTIONS_MAX;
		i++) {
		if ((questions->busy >> i & 1) == 0) {
			r = ask(questions, i);
		}
	}
	return r;
}

struct uring_question uring_questions_take(struct uring_questions *questions, uint32_t number,
	int result, struct icmp_message *ret_message, bool *ret_told)
{
	struct uring_asked *asked = &questions->asked[number];
	questions->busy &= ~(UINT32_C(1) << number);
	*ret_told = result >= 0 && error_queue_read(&asked->message, ret_message);
	return asked->question;
}

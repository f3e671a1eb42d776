/* SPDX-License-Identifier: MIT */
/*
 * errno hides who spoke. ENETUNREACH, EHOSTUNREACH and EACCES are what the kernel makes of ICMP errors,
 * and also what this machine's own routes and security modules say (refusal.c); and "administratively
 * prohibited" of ICMPv4 becomes one of the first two, as if a route were missing. The socket's error
 * queue (IP_RECVERR, ip(7), and its twin in ipv6(7)) keeps the message: type, code, and the address of
 * who sent it. It is read by a RECVMSG on the ring, with MSG_ERRQUEUE, only for dials that failed with
 * one of these, or for which it is all that is known: the kernel would not believe the message yet
 * (requests.c). We do: had it come a moment later, it would have ended the dial.
 */
#include "run/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(ICMP_SLOTS == 32, "a bit of `busy` for each");

void icmp_init(struct icmp *icmp, struct requests *requests)
{
	*icmp = (struct icmp){.requests = requests};
}

void icmp_finish(struct icmp *icmp)
{
	free(icmp->waiting);
	icmp->waiting = NULL;
}

bool icmp_is_ambiguous(int error_number)
{
	return error_number == ENETUNREACH || error_number == EHOSTUNREACH ||
		error_number == EACCES;
}

bool icmp_add(struct icmp *icmp, const struct icmp_question *question)
{
	if (icmp->waiting_count == icmp->waiting_capacity) {
		uint32_t capacity = icmp->waiting_capacity == 0 ? 64 : icmp->waiting_capacity * 2;
		struct icmp_question *grown = reallocarray(icmp->waiting, capacity, sizeof(*grown));
		if (grown == NULL) {
			return false;
		}
		icmp->waiting = grown;
		icmp->waiting_capacity = capacity;
	}
	icmp->waiting[icmp->waiting_count++] = *question;
	table_hold(icmp->requests->table, question->index, CONN_QUESTIONED);
	return true;
}

static int ask(struct icmp *icmp, uint32_t number)
{
	struct icmp_slot *slot = &icmp->slots[number];
	slot->question = icmp->waiting[icmp->waiting_count - 1];
	slot->message = (struct msghdr){
		.msg_control = slot->control,
		.msg_controllen = sizeof(slot->control),
	};
	int r = requests_error_queue(icmp->requests, slot->question.index, number, &slot->message);
	if (r == 0) {
		icmp->waiting_count--;
		icmp->busy |= UINT32_C(1) << number;
	}
	return r;
}

int icmp_advance(struct icmp *icmp)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && icmp->waiting_count > 0 && i < ICMP_SLOTS; i++) {
		if ((icmp->busy >> i & 1) == 0) {
			r = ask(icmp, i);
		}
	}
	return r;
}

enum cause icmp_cause(uint8_t type, uint8_t code)
{
	if (type != ICMP_DEST_UNREACH) {
		return CAUSE_NONE;
	}
	switch (code) {
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return CAUSE_PROHIBITED;
	}
	return CAUSE_NONE;
}

static bool is_of_icmp(uint8_t origin)
{
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6;
}

/* The extended error in a control message; false where it is another one. */
static bool read_part(const struct cmsghdr *part, struct sock_extended_err *ret_error,
	struct address *ret_offender)
{
	bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
	bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
	size_t length = part->cmsg_len - CMSG_LEN(0);
	if ((!v4 && !v6) || length < sizeof(*ret_error)) {
		return false;
	}
	memcpy(ret_error, CMSG_DATA(part), sizeof(*ret_error));
	*ret_offender = (struct address){0};
	/* Behind the error stands the address, as long as its family is. */
	size_t rest = length - sizeof(*ret_error);
	size_t wanted = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (rest >= wanted) {
		struct address offender = {0};
		memcpy(&offender, CMSG_DATA(part) + sizeof(*ret_error), wanted);
		if (address_from_sockaddr(&offender.any, &offender) == 0) {
			*ret_offender = offender;
		}
	}
	return true;
}

/* What the control messages tell; false where there are none. */
static bool read_answer(struct msghdr *message, struct icmp_answer *answer)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
		part = CMSG_NXTHDR(message, part)) {
		struct sock_extended_err error;
		if (!read_part(part, &error, &answer->offender)) {
			continue;
		}
		answer->told = is_of_icmp(error.ee_origin);
		answer->question.error_number = (int)error.ee_errno;
		enum cause cause = error.ee_origin == SO_EE_ORIGIN_ICMP
			? icmp_cause(error.ee_type, error.ee_code)
			: CAUSE_NONE;
		answer->cause = cause != CAUSE_NONE
			? cause
			: cause_from_errno((int)error.ee_errno, CAUSE_STAGE_CONNECT);
		return true;
	}
	return false;
}

void icmp_take_answer(struct icmp *icmp, uint32_t slot, int result, struct icmp_answer *ret_answer)
{
	struct icmp_slot *answered = &icmp->slots[slot];
	icmp->busy &= ~(UINT32_C(1) << slot);
	*ret_answer = (struct icmp_answer){.question = answered->question};
	if (result < 0 || !read_answer(&answered->message, ret_answer)) {
		ret_answer->cause =
			cause_from_errno(ret_answer->question.error_number, CAUSE_STAGE_CONNECT);
	}
}

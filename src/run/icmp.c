/* SPDX-License-Identifier: MIT */
/*
 * "Administratively prohibited" is lost on its way from ICMPv4 to errno: the kernel makes
 * ENETUNREACH or EHOSTUNREACH of it, as of a missing route. The socket's error queue (IP_RECVERR,
 * ip(7)) keeps type and code. It is read by a RECVMSG on the ring, with MSG_ERRQUEUE, only for
 * dials that failed with one of these two, or for which it is all that is known: the kernel would
 * not believe the message yet (requests.c). We do: had it come a moment later, it would have ended
 * the dial.
 */
#include "tcpgoon/run/icmp.h"

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
	return error_number == ENETUNREACH || error_number == EHOSTUNREACH;
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

/* The errno and the cause that the control messages tell; false where there are none. */
static bool read_answer(struct msghdr *message, int *ret_errno, enum cause *ret_cause)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
		part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_RECVERR) {
			continue;
		}
		struct sock_extended_err error;
		memcpy(&error, CMSG_DATA(part), sizeof(error));
		enum cause cause = error.ee_origin == SO_EE_ORIGIN_ICMP
			? icmp_cause(error.ee_type, error.ee_code)
			: CAUSE_NONE;
		*ret_errno = (int)error.ee_errno;
		*ret_cause = cause != CAUSE_NONE
			? cause
			: cause_from_errno((int)error.ee_errno, CAUSE_STAGE_CONNECT);
		return true;
	}
	return false;
}

enum cause icmp_take_answer(
	struct icmp *icmp, uint32_t slot, int result, struct icmp_question *ret_question)
{
	struct icmp_slot *answered = &icmp->slots[slot];
	icmp->busy &= ~(UINT32_C(1) << slot);
	*ret_question = answered->question;
	int *error_number = &ret_question->error_number;
	enum cause cause;
	if (result >= 0 && read_answer(&answered->message, error_number, &cause)) {
		return cause;
	}
	return cause_from_errno(*error_number, CAUSE_STAGE_CONNECT);
}

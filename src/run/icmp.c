/* SPDX-License-Identifier: MIT */
/*
 * errno hides what the message said: ICMPv4's "administratively prohibited" becomes ENETUNREACH or
 * EHOSTUNREACH, as if a route were missing. Type and code tell them apart.
 */
#include "run/icmp.h"

#include <linux/icmp.h>

static bool is_prohibition(const struct icmp_message *message)
{
	if (!message->told || !message->v4 || message->type != ICMP_DEST_UNREACH) {
		return false;
	}
	return message->code == ICMP_NET_ANO || message->code == ICMP_HOST_ANO ||
		message->code == ICMP_PKT_FILTERED;
}

enum cause icmp_cause(const struct icmp_message *message)
{
	return is_prohibition(message)
		? CAUSE_PROHIBITED
		: cause_from_errno(message->error_number, CAUSE_STAGE_CONNECT);
}

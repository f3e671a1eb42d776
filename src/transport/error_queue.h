/* SPDX-License-Identifier: MIT */
/* Which message ended a dial: what the error queue of its socket has kept. */
#ifndef TCPGOON_TRANSPORT_ERROR_QUEUE_H
#define TCPGOON_TRANSPORT_ERROR_QUEUE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "tcpgoon/transport/transport.h"

/* Room for the control messages of one RECVMSG with MSG_ERRQUEUE. */
#define ERROR_QUEUE_CONTROL_SIZE 256

/* Whether a dial that failed with this errno may have more to say there. */
bool error_queue_is_worth_reading(int error_number);

/*
 * What the control messages of a RECVMSG with MSG_ERRQUEUE tell; false where they tell nothing, and
 * *ret_message is as it was.
 */
bool error_queue_read(struct msghdr *message, struct icmp_message *ret_message);

#endif

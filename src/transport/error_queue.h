/* SPDX-License-Identifier: MIT */
/* Which message ended a dial, as the error queue of its socket has kept it. */
#ifndef TCPGOON_TRANSPORT_ERROR_QUEUE_H
#define TCPGOON_TRANSPORT_ERROR_QUEUE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "tcpgoon/transport/transport.h"

/* Room for the control messages of one RECVMSG with MSG_ERRQUEUE. */
#define ERROR_QUEUE_CONTROL_SIZE 256

/* Whether the error queue may say more about a dial that failed with this errno. */
bool error_queue_is_worth_reading(int error_number);

/*
 * Reads the control messages of a RECVMSG with MSG_ERRQUEUE. False if they tell nothing; then
 * *ret_message is untouched.
 */
bool error_queue_read(struct msghdr *message, struct icmp_message *ret_message);

#endif

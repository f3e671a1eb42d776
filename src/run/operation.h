/* SPDX-License-Identifier: MIT */
/* What a run asks of its rings: the `operation` of its tokens. */
#ifndef TCPGOON_RUN_OPERATION_H
#define TCPGOON_RUN_OPERATION_H

enum operation {
	OPERATION_NONE = 0,
	OPERATION_DELAY, /* TIMEOUT at the head of a chain: the inter-connection delay */
	OPERATION_CONNECT, /* CONNECT */
	OPERATION_CONFIRM, /* SEND of nothing: whether there is a connection */
	OPERATION_WATCH, /* POLL_ADD of an established connection */
	OPERATION_CANCEL, /* ASYNC_CANCEL of one of the above */
	OPERATION_RECEIVE, /* RECV of what the POLL_ADD has seen */
	OPERATION_DRAIN, /* RECVMSG of what it has seen in the error queue */
	OPERATION_SHUTDOWN, /* SHUTDOWN before a CLOSE, or before what is still to be received */
	OPERATION_CLOSE, /* CLOSE of a slot */
	OPERATION_ERROR_QUEUE, /* RECVMSG of the error queue, for what a failed dial has there */
	OPERATION_TICK, /* READ of the reporter's timerfd */
	OPERATION_SIGNAL, /* READ of the signalfd */
};

#endif

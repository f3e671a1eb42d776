/* SPDX-License-Identifier: MIT */
/* The times that a run takes of its connections; what each is: times.h. */
#ifndef TCPGOON_RESULT_TIMES_KIND_H
#define TCPGOON_RESULT_TIMES_KIND_H

enum times {
	TIMES_HANDSHAKE, /* of the established: the kernel's own measurement */
	TIMES_CONNECT, /* of the established: dial to established, by the clock */
	TIMES_FAILURE, /* of the failed: dial to the error, by the clock */
	TIMES_LAG, /* of the dialled: scheduled instant to dial */
	TIMES_LIFETIME, /* of those that were dropped: from established to dropped */
	TIMES_MAX,
};

#endif

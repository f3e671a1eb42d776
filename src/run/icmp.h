/* SPDX-License-Identifier: MIT */
/* The cause that an ICMP message gives for the failure of a dial. */
#ifndef TCPGOON_RUN_ICMP_H
#define TCPGOON_RUN_ICMP_H

#include "tcpgoon/stats/cause.h"
#include "tcpgoon/transport/transport.h"

/* The cause of the dial that failed with this message. Pure. */
enum cause icmp_cause(const struct icmp_message *message);

#endif

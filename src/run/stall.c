/* SPDX-License-Identifier: MIT */
#include "run/stall.h"

uint64_t stall_suspended_ns(struct stall_suspend *suspend, uint64_t now_ns, uint64_t boot_ns)
{
	uint64_t apart_ns = boot_ns > now_ns ? boot_ns - now_ns : 0;
	uint64_t grown_ns = apart_ns > suspend->apart_ns ? apart_ns - suspend->apart_ns : 0;
	bool first = suspend->look_ns == 0;
	suspend->apart_ns = apart_ns;
	suspend->look_ns = now_ns + STALL_HEARTBEAT_NS;
	return !first && grown_ns >= STALL_MIN_NS ? grown_ns : 0;
}

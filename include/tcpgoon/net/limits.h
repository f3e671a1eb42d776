/* SPDX-License-Identifier: MIT */
/* What this host allows this process. */
#ifndef TCPGOON_NET_LIMITS_H
#define TCPGOON_NET_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Unlimited, not enforced, or missing. */
#define LIMITS_NONE UINT64_MAX

/*
 * Raises the soft limit of open files to the hard limit, which needs no privilege. Returns the new
 * soft limit.
 */
uint64_t limits_raise_nofile(void);

/* The soft limit of open files as it is; LIMITS_NONE if unlimited or unknown. */
void limits_read_nofile(uint64_t *ret_soft);

/* Bytes this user may lock in memory; LIMITS_NONE if unlimited or not enforced for this user. */
uint64_t limits_memlock(void);

/* Address space that this process may still map: the tighter of 'ulimit -v' and 'ulimit -d'. */
struct limits_space {
	uint64_t limit; /* bytes; LIMITS_NONE: unlimited */
	uint64_t left;
	char letter; /* its option of ulimit */
};

void limits_read_space(struct limits_space *ret_space);

/* How many processors this process may use (affinity, cpusets); 0 if unknown. */
uint64_t limits_processors(void);

/* True if fs.file-max does not apply to this process (CAP_SYS_ADMIN). */
bool limits_exempt_from_file_max(void);

/*
 * Limits of the whole host or network namespace, and how much of each is in use. LIMITS_NONE if a
 * limit cannot be read: conntrack without its module, tcp_mem in a network namespace on some
 * kernels.
 */
struct limits {
	uint64_t files_max; /* fs.file-max; direct descriptors of io_uring count */
	uint64_t files_used;
	uint64_t conntrack_max; /* 0: unlimited */
	uint64_t conntrack_used;
	uint64_t tcp_memory_low_pages; /* net.ipv4.tcp_mem */
	uint64_t tcp_memory_pressure_pages;
	uint64_t tcp_memory_max_pages;
	uint64_t tcp_memory_used_pages;
	uint64_t tcp_orphans; /* of the whole host: closed here, FIN not yet acknowledged */
	uint64_t tcp_sockets; /* allocated, without orphans and TIME_WAIT */
	uint64_t time_wait_max; /* net.ipv4.tcp_max_tw_buckets */
	uint64_t time_wait_used;
	uint64_t time_wait_reuse; /* net.ipv4.tcp_tw_reuse: 0 never, 1 always, 2 on loopback */
	uint64_t backlog_max; /* net.core.somaxconn */
	uint64_t syn_retries; /* net.ipv4.tcp_syn_retries */
	uint64_t port_low; /* net.ipv4.ip_local_port_range */
	uint64_t port_high;
	uint64_t memory_bytes;
	uint64_t memory_available_bytes; /* MemAvailable */
	uint64_t page_bytes;
};

/* Sets all of them to LIMITS_NONE. */
void limits_init(struct limits *limits);

/* Reads all of them. Those that cannot be read are LIMITS_NONE. */
void limits_read(struct limits *ret_limits);

/* Reads only those in /proc/net/sockstat. Returns 0 or a negative errno. */
int limits_read_sockets(struct limits *limits);

/* The files that limits_read() reads. */
enum limits_file {
	LIMITS_FILE_NR,
	LIMITS_CONNTRACK_MAX,
	LIMITS_CONNTRACK_COUNT,
	LIMITS_TCP_MEM,
	LIMITS_SOCKSTAT,
	LIMITS_TIME_WAIT_MAX,
	LIMITS_TIME_WAIT_REUSE,
	LIMITS_SOMAXCONN,
	LIMITS_SYN_RETRIES,
	LIMITS_PORT_RANGE,
	LIMITS_MEMINFO,
	LIMITS_FILES_MAX,
};

/*
 * Sets the limits found in the text of that file, and leaves the others. Returns 0, or -EBADMSG if
 * the text lacks one of them. Pure.
 */
int limits_parse(struct limits *limits, enum limits_file file, const char *text);

#endif

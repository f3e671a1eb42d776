/* SPDX-License-Identifier: MIT */
/*
 * Linked with --wrap for each function that it stands for. A socket is a descriptor of /dev/null, so
 * that whoever gets it can close it; there is no traffic, and no port is taken.
 */
#include "scripted_host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "scripted_transport.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/net/resolve.h"
#include "tcpgoon/net/sockdiag_lookup.h"

#define DESCRIPTORS 4096

int __wrap_socket(int family, int type, int protocol);
int __real_socket(int family, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_sockdiag_open(struct sockdiag *diag);
void __wrap_sockdiag_close(struct sockdiag *diag);
int __wrap_sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets);
int __wrap_sockdiag_find_listener(
	const struct address *target, struct sockdiag_listener *ret_listener);
int __wrap_netstat_read(struct netstat *ret_netstat);
int __wrap_netstat_read_tcp(struct netstat *ret_netstat);
int __wrap_limits_read_sockets(struct limits *limits);
int __wrap_route_find(
	const struct address *source, const struct address *target, struct route *ret_route);
void __wrap_route_find_refuser(const struct address *source, const struct address *target,
	int error_number, char ret_text[ROUTE_TEXT_MAX]);
int __wrap_link_read(unsigned index, struct link_view *ret_link);
enum neighbour_state __wrap_link_neighbour(unsigned index, const struct address *host);
int __wrap_link_find_down(const struct address *target, struct link_view *ret_link);
int __wrap_sources_preferred(const struct address *target, struct address *ret_source);
int __wrap_sources_is_local(const struct address *target);
int __wrap_sources_route(const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled);
int __wrap_sources_check(const struct address *source);
int __real_sources_check(const struct address *source);
int __wrap_sources_is_broadcast(const struct address *target);
void __wrap_ports_read(struct ports_policy *ret_policy);
void __real_ports_read(struct ports_policy *ret_policy);
int __wrap_resolve_host(const struct resolve_query *query, struct address **ret_list,
	size_t *ret_count, struct error *error);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_ruleset_find(const struct ruleset_query *query, struct ruleset_match *ret_match);
int __wrap_procfile_read(const char *path, char **ret_text);
int __real_procfile_read(const char *path, char **ret_text);

static struct host *current;

/* Of descriptors that stand for TCP sockets. */
static struct {
	bool is_socket;
	struct address bound;
	uint64_t decided_ns; /* of its connect() */
	int error_number;
} descriptors[DESCRIPTORS];

struct host *host_begin(void)
{
	assert_null(current);
	current = calloc(1, sizeof(*current));
	assert_non_null(current);
	netstat_init(&current->counters);
	current->counters.values[NETSTAT_TIME_WAITS] = 0;
	current->counters.values[NETSTAT_TIME_WAIT_OVERFLOWS] = 0;
	current->counters.values[NETSTAT_SYN_CHALLENGES] = 0;
	current->listener_code = -EADDRNOTAVAIL;
	return current;
}

void host_end(void)
{
	free(current);
	current = NULL;
	memset(descriptors, 0, sizeof(descriptors));
}

static bool is_socket(int fd)
{
	return current != NULL && fd >= 0 && fd < DESCRIPTORS && descriptors[fd].is_socket;
}

void host_bound_address(int fd, struct address *ret_address)
{
	*ret_address = is_socket(fd) ? descriptors[fd].bound : (struct address){0};
}

/* Sockets. */

static int fail_with(int error_number)
{
	errno = error_number;
	return -1;
}

static int make_socket(void)
{
	int refused = current->refuse_socket == NULL
		? 0
		: current->refuse_socket(current->context, current->sockets + 1);
	if (refused != 0) {
		return fail_with(refused);
	}
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_in_range(fd, 0, DESCRIPTORS - 1);
	current->sockets++;
	descriptors[fd].is_socket = true;
	descriptors[fd].bound = (struct address){0};
	return fd;
}

int __wrap_socket(int family, int type, int protocol)
{
	bool is_tcp = (family == AF_INET || family == AF_INET6) && (type & 0xf) == SOCK_STREAM;
	if (current != NULL && is_tcp) {
		return make_socket();
	}
	int fd = __real_socket(family, type, protocol);
	if (fd >= 0 && fd < DESCRIPTORS) {
		descriptors[fd].is_socket = false;
	}
	return fd;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (!is_socket(fd)) {
		return __real_setsockopt(fd, level, name, value, length);
	}
	current->lingers += level == SOL_SOCKET && name == SO_LINGER;
	bool is_first = level == SOL_SOCKET && name == SO_REUSEADDR;
	return is_first && current->option_refused != 0 ? fail_with(current->option_refused) : 0;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	if (!is_socket(fd)) {
		return __real_bind(fd, address, length);
	}
	struct address source;
	assert_int_equal(address_from_sockaddr(address, &source), 0);
	int refused =
		current->refuse_bind == NULL ? 0 : current->refuse_bind(current->context, &source);
	if (refused != 0) {
		return fail_with(refused);
	}
	current->binds++;
	descriptors[fd].bound = source;
	return 0;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (!is_socket(fd)) {
		return __real_connect(fd, address, length);
	}
	struct address target;
	uint64_t after_ns = 0;
	assert_int_equal(address_from_sockaddr(address, &target), 0);
	current->connects++;
	int error_number = current->connect(current->context, &target, &after_ns);
	if (after_ns == 0) {
		return error_number == 0 ? 0 : fail_with(error_number);
	}
	descriptors[fd].decided_ns = script_current()->now_ns + after_ns;
	descriptors[fd].error_number = error_number;
	return fail_with(EINPROGRESS);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (count != 1 || !is_socket(fds[0].fd)) {
		return __real_poll(fds, count, timeout_ms);
	}
	struct script *script = script_current();
	uint64_t until_ns = script->now_ns + (uint64_t)timeout_ms * NSEC_PER_MSEC;
	uint64_t decided_ns = descriptors[fds[0].fd].decided_ns;
	script->now_ns = clock_earlier(until_ns, decided_ns);
	fds[0].revents = decided_ns <= until_ns ? POLLOUT : 0;
	return decided_ns <= until_ns ? 1 : 0;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	if (!is_socket(fd)) {
		return __real_getsockopt(fd, level, name, value, length);
	}
	assert_int_equal(level, SOL_SOCKET);
	assert_int_equal(name, SO_ERROR);
	assert_int_equal(*length, sizeof(int));
	memcpy(value, &descriptors[fd].error_number, sizeof(int));
	return 0;
}

/* Connections. */

static bool is_same_end(const struct address *a, const struct address *b)
{
	return a->any.sa_family == b->any.sa_family && address_same_host(a, b) &&
		address_port(a) == address_port(b);
}

/* The slot of a connection between these two; NULL where there never was one. */
static const struct script_slot *find_slot(
	const struct script *script, const struct address *source, const struct address *target)
{
	for (uint64_t i = 0; i < script->slot_count; i++) {
		const struct script_slot *slot = &script->slots[i];
		if (is_same_end(&slot->source, source) && is_same_end(&slot->target, target)) {
			return slot;
		}
	}
	return NULL;
}

static uint8_t state_of(const struct script_slot *slot)
{
	bool is_over = slot->fin_sent && (slot->closing || !slot->has_socket);
	if (slot->reset || (is_over && current->time_wait_is_full)) {
		return 0;
	}
	if (!slot->open) {
		return slot->has_socket ? TCP_SYN_SENT : 0;
	}
	if (!slot->fin_sent) {
		return slot->peer_closed ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
	}
	if (slot->fate != NULL && slot->fate->fin == SCRIPT_FIN_LOST) {
		return TCP_FIN_WAIT1;
	}
	if (slot->peer_closed) {
		return slot->fin_first ? TCP_TIME_WAIT : TCP_LAST_ACK;
	}
	return slot->has_socket && !slot->closing ? TCP_FIN_WAIT2 : TCP_TIME_WAIT;
}

/* A FIN that waits for its answer was sent again after 200 ms. */
static struct sockdiag_socket near_end(const struct script_slot *slot)
{
	uint8_t state = state_of(slot);
	bool waits = state == TCP_FIN_WAIT1;
	return (struct sockdiag_socket){
		.state = state,
		.has_info = state != 0 && state != TCP_TIME_WAIT,
		.has_segments = state != 0 && state != TCP_TIME_WAIT,
		.rtt_us = slot->open ? HOST_ROUND_TRIP_US : 0,
		.rto_us = waits ? UINT32_C(400000) : UINT32_C(200000),
		.retransmits = waits ? 1 : 0,
		.segments_in = 1,
		.inode = 1,
	};
}

static struct sockdiag_socket far_end(const struct script_slot *slot)
{
	return (struct sockdiag_socket){
		.state = slot->open ? TCP_ESTABLISHED : 0,
		.inode = 1,
	};
}

static struct sockdiag_socket look_up(const struct sockdiag_pair *pair)
{
	struct script *script = script_current();
	struct sockdiag_socket socket = {0};
	if (script == NULL) {
		return socket;
	}
	const struct script_slot *slot = find_slot(script, &pair->source, &pair->target);
	bool near = slot != NULL;
	if (!near) {
		slot = find_slot(script, &pair->target, &pair->source);
	}
	if (slot != NULL) {
		socket = near ? near_end(slot) : far_end(slot);
		if (current->tell != NULL) {
			current->tell(
				current->context, (uint32_t)(slot - script->slots), near, &socket);
		}
	}
	return socket;
}

int __wrap_sockdiag_open(struct sockdiag *diag)
{
	if (current->open_code < 0) {
		return current->open_code;
	}
	*diag = (struct sockdiag){.fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
	return 0;
}

void __wrap_sockdiag_close(struct sockdiag *diag)
{
	if (diag->fd >= 0) {
		close(diag->fd);
	}
	diag->fd = -1;
}

int __wrap_sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	assert_true(diag->fd >= 0);
	assert_in_range(count, 0, SOCKDIAG_LOOKUP_MAX);
	bool in_turn = current->every_other_fails && current->exchanges++ % 2 == 0;
	if (in_turn || current->lookup_failures > 0) {
		current->lookup_failures -= !in_turn;
		return current->lookup_code;
	}
	for (size_t i = 0; i < count; i++) {
		ret_sockets[i] = look_up(&pairs[i]);
	}
	current->lookups += count;
	return 0;
}

int __wrap_sockdiag_find_listener(
	const struct address *target, struct sockdiag_listener *ret_listener)
{
	if (current->find_listener != NULL) {
		return current->find_listener(current->context, target, ret_listener);
	}
	if (current->listener_code == 0) {
		*ret_listener = current->listener;
	}
	return current->listener_code;
}

/* Counters. */

int __wrap_netstat_read_tcp(struct netstat *ret_netstat)
{
	if (current->counters_code < 0) {
		return current->counters_code;
	}
	const struct script *script = script_current();
	*ret_netstat = current->counters;
	uint64_t *counter =
		&ret_netstat->values[current->time_wait_is_full ? NETSTAT_TIME_WAIT_OVERFLOWS
								: NETSTAT_TIME_WAITS];
	if (script != NULL && *counter != NETSTAT_ABSENT) {
		*counter += script->time_waits;
	}
	return 0;
}

int __wrap_netstat_read(struct netstat *ret_netstat)
{
	return __wrap_netstat_read_tcp(ret_netstat);
}

int __wrap_limits_read_sockets(struct limits *limits)
{
	const struct script *script = script_current();
	if (current->orphans_code == 0) {
		limits->tcp_orphans = current->orphans + (script == NULL ? 0 : script->orphans);
	}
	return current->orphans_code;
}

/* Routes and devices. */

int __wrap_route_find(
	const struct address *source, const struct address *target, struct route *ret_route)
{
	(void)target;
	*ret_route = (struct route){0};
	return current->find_route == NULL
		? -EOPNOTSUPP
		: current->find_route(current->context, source, ret_route);
}

void __wrap_route_find_refuser(const struct address *source, const struct address *target,
	int error_number, char ret_text[ROUTE_TEXT_MAX])
{
	(void)source;
	(void)target;
	(void)error_number;
	snprintf(ret_text, ROUTE_TEXT_MAX, "%s", current->refuser == NULL ? "" : current->refuser);
}

int __wrap_link_read(unsigned index, struct link_view *ret_link)
{
	(void)index;
	if (current->device_code == 0) {
		*ret_link = current->device;
	}
	return current->device_code;
}

enum neighbour_state __wrap_link_neighbour(unsigned index, const struct address *host)
{
	(void)index;
	(void)host;
	return current->neighbour;
}

int __wrap_link_find_down(const struct address *target, struct link_view *ret_link)
{
	(void)target;
	if (current->device_down == NULL) {
		return -ENODEV;
	}
	*ret_link = (struct link_view){.state = LINK_DOWN};
	snprintf(ret_link->name, sizeof(ret_link->name), "%s", current->device_down);
	return 0;
}

int __wrap_sources_preferred(const struct address *target, struct address *ret_source)
{
	if (current->preferred_code == 0) {
		*ret_source = *target;
		address_set_port(ret_source, 0);
	}
	return current->preferred_code;
}

int __wrap_sources_route(const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled)
{
	struct address from = source == NULL ? *target : *source;
	struct address to = *target;
	int r = current->find_way == NULL
		? 0
		: current->find_way(current->context, source, target, &from, &to);
	if (r == 0 && ret_source != NULL) {
		*ret_source = from;
	}
	if (r == 0 && ret_dialled != NULL) {
		*ret_dialled = to;
	}
	return r;
}

int __wrap_sources_check(const struct address *source)
{
	if (current == NULL) {
		return __real_sources_check(source);
	}
	if (current->may_bind != NULL) {
		return current->may_bind(current->context, source);
	}
	return __wrap_sources_is_local(source) ? 0 : -EADDRNOTAVAIL;
}

int __wrap_sources_is_broadcast(const struct address *target)
{
	const struct address *broadcast = &current->broadcast;
	return broadcast->any.sa_family == target->any.sa_family &&
		address_same_host(broadcast, target);
}

void __wrap_ports_read(struct ports_policy *ret_policy)
{
	if (current == NULL) {
		__real_ports_read(ret_policy);
	} else {
		*ret_policy = current->ports == NULL ? (struct ports_policy){0} : *current->ports;
	}
}

int __wrap_resolve_host(const struct resolve_query *query, struct address **ret_list,
	size_t *ret_count, struct error *error)
{
	current->resolve_family = query->family;
	if (current->resolve_code < 0) {
		return error_set(error, current->resolve_code, "no such name");
	}
	size_t count = 0;
	while (current->names[count] != NULL) {
		count++;
	}
	struct address *list = calloc(count, sizeof(*list));
	assert_non_null(list);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(address_parse_literal(current->names[i], 0, &list[i]), 0);
	}
	*ret_list = list;
	*ret_count = count;
	return 0;
}

int __wrap_sources_is_local(const struct address *target)
{
	const struct address *here = &current->here;
	return here->any.sa_family == target->any.sa_family && address_same_host(here, target);
}

int __wrap_ruleset_find(const struct ruleset_query *query, struct ruleset_match *ret_match)
{
	*ret_match = current->rules[query->deed];
	return 0;
}

int __wrap_procfile_read(const char *path, char **ret_text)
{
	const struct host_file *file = current == NULL ? NULL : current->files;
	for (; file != NULL && file->path != NULL; file++) {
		if (strcmp(file->path, path) != 0) {
			continue;
		}
		if (file->text == NULL) {
			return -ENOENT;
		}
		*ret_text = strdup(file->text);
		assert_non_null(*ret_text);
		return 0;
	}
	return __real_procfile_read(path, ret_text);
}

/* SPDX-License-Identifier: MIT */
/*
 * A process holds as many sockets as its limit of descriptors allows. If that is less than was
 * asked for, the parent forks children one after the other: each opens its share and stays, then
 * the next one follows. Only one of them works at a time, as in a program with one thread. They
 * report through memory that they share with the parent, and exit when the parent does.
 */
#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/plan/plan.h"

/* Descriptors that are no connections: the standard streams, epoll, pipes, inherited ones. */
#define DESCRIPTORS_ELSEWHERE 16

/* The processes and their reports. */
struct crew {
	const struct client *client;
	const struct tuples *tuples;
	uint64_t connections;
	struct outcome *outcomes; /* shared with the children */
	uint64_t size; /* entries in `outcomes` */
	uint64_t processes; /* forked children; 1 if this process does everything itself */
	uint64_t per_process; /* connections */
	int hold_fds[2]; /* a pipe that ends when the parent closes it */
	int done_fds[2]; /* a pipe that gets a byte when a child's share is done */
};

void client_stopped(struct outcome *outcome, const char *call, int error_number)
{
	if (outcome->stopped[0] == '\0') {
		snprintf(outcome->stopped, sizeof(outcome->stopped), "%s: %s", call,
			strerror(error_number));
	}
}

int client_bound_socket(const struct tuple *tuple, int type, struct outcome *outcome)
{
	const int on = 1;
	int fd = socket(tuple->target->any.sa_family, type, IPPROTO_TCP);
	if (fd < 0) {
		client_stopped(outcome, "socket", errno);
		return -1;
	}
	if (tuple->source.any.sa_family == AF_UNSPEC) {
		return fd;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
		client_stopped(outcome, "setsockopt", errno);
	} else if (bind(fd, &tuple->source.any, address_length(&tuple->source)) < 0) {
		client_stopped(outcome, "bind", errno);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

void client_wait_readable(int fd)
{
	char byte;
	while (read(fd, &byte, 1) < 0 && errno == EINTR) {
	}
}

static int read_arguments(int argc, char **argv, struct settings *settings, struct error *error)
{
	if (argc < 4) {
		return error_set(error, -EINVAL,
			"usage: %s HOST PORTS CONNECTIONS [--source ADDRESS]...", argv[0]);
	}
	*settings = (struct settings){.host = argv[1], .ports = argv[2]};
	for (int i = 4; i < argc; i += 2) {
		if (strcmp(argv[i], "--source") != 0 || i + 1 == argc ||
			settings->sources.count == TEXT_LIST_MAX) {
			return error_set(error, -EINVAL,
				"'%s': expected --source ADDRESS, at most %d times", argv[i],
				TEXT_LIST_MAX);
		}
		settings->sources.items[settings->sources.count++] = argv[i + 1];
	}
	return units_parse_count(
		argv[3], 1, SETTINGS_CONNECTIONS_MAX, &settings->connections, error);
}

static int make_plan(const struct settings *settings, struct plan **ret_plan, struct error *error)
{
	struct plan *plan;
	int r = plan_create(settings, NULL, &plan, error);
	if (r < 0) {
		return r;
	}
	uint64_t capacity = tuples_capacity(&plan->tuples);
	if (capacity < settings->connections) {
		plan_destroy(plan);
		return error_set(error, -EADDRNOTAVAIL,
			"%" PRIu64 " connections, but only %" PRIu64 " pairs of source and target",
			settings->connections, capacity);
	}
	*ret_plan = plan;
	return 0;
}

/* Client, tuples and connections must be set. Call crew_finish() either way. */
static int crew_init(struct crew *crew, struct error *error)
{
	uint64_t nofile = limits_raise_nofile();
	if (nofile <= DESCRIPTORS_ELSEWHERE) {
		return error_set(error, -EMFILE, "%" PRIu64 " descriptors are too few", nofile);
	}
	crew->per_process = nofile - DESCRIPTORS_ELSEWHERE;
	crew->size = (crew->connections + crew->per_process - 1) / crew->per_process;
	crew->outcomes = mmap(NULL, crew->size * sizeof(*crew->outcomes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew->outcomes == MAP_FAILED) {
		crew->outcomes = NULL;
		return error_set(error, -errno, "mmap: %s", strerror(errno));
	}
	if (pipe(crew->hold_fds) < 0 || pipe(crew->done_fds) < 0) {
		return error_set(error, -errno, "pipe: %s", strerror(errno));
	}
	return 0;
}

static uint64_t timeval_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NSEC_PER_SEC + (uint64_t)time->tv_usec * NSEC_PER_USEC;
}

/* Peak resident memory since exec; ru_maxrss also includes the time before. */
static uint64_t peak_rss_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[256];
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "VmHWM: %" SCNu64 " kB", &kib) == 1) {
			break;
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	return kib * 1024;
}

static void note_usage(struct outcome *outcome)
{
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		outcome->cpu_user_ns = timeval_ns(&usage.ru_utime);
		outcome->cpu_system_ns = timeval_ns(&usage.ru_stime);
	}
	outcome->peak_rss_bytes = peak_rss_bytes();
}

static void dial_share(struct crew *crew, uint64_t number)
{
	uint64_t first = number * crew->per_process;
	uint64_t left = crew->connections - first;
	const struct share share = {
		.tuples = crew->tuples,
		.first = first,
		.count = left < crew->per_process ? left : crew->per_process,
	};
	struct outcome *outcome = &crew->outcomes[number];
	crew->client->dial(crew->client->context, &share, outcome);
	note_usage(outcome);
}

static _Noreturn void be_child(struct crew *crew, uint64_t number)
{
	close(crew->hold_fds[1]);
	close(crew->done_fds[0]);
	dial_share(crew, number);
	close(crew->done_fds[1]); /* the parent reads the end of the pipe */
	crew->client->hold(crew->client->context, crew->hold_fds[0]);
	_exit(0);
}

/* Forks the child for share `number` and waits until its share is done. */
static int fork_child(struct crew *crew, uint64_t number, struct error *error)
{
	char byte;
	pid_t pid = fork();
	if (pid < 0) {
		return error_set(error, -errno, "fork: %s", strerror(errno));
	}
	if (pid == 0) {
		be_child(crew, number);
	}
	crew->processes++;
	/* One pipe for each child: its end shows that the child is done, or has exited. */
	close(crew->done_fds[1]);
	ssize_t n = read(crew->done_fds[0], &byte, 1);
	close(crew->done_fds[0]);
	crew->done_fds[0] = -1;
	crew->done_fds[1] = -1;
	if (n < 0 || pipe(crew->done_fds) < 0) {
		return error_set(error, -errno, "pipe: %s", strerror(errno));
	}
	return 0;
}

static int crew_dial(struct crew *crew, struct error *error)
{
	if (crew->size == 1) {
		crew->processes = 1;
		dial_share(crew, 0);
		return 0;
	}
	int r = 0;
	bool stopped = false;
	for (uint64_t i = 0; r == 0 && !stopped && i < crew->size; i++) {
		r = fork_child(crew, i, error);
		stopped = crew->outcomes[i].stopped[0] != '\0';
	}
	return r;
}

/* All shares as one. With children, the parent's own time for forking counts too. */
static struct outcome crew_total(const struct crew *crew)
{
	struct outcome total = {0};
	if (crew->size > 1) {
		note_usage(&total);
	}
	for (uint64_t i = 0; i < crew->processes; i++) {
		const struct outcome *one = &crew->outcomes[i];
		total.established += one->established;
		total.cpu_user_ns += one->cpu_user_ns;
		total.cpu_system_ns += one->cpu_system_ns;
		total.peak_rss_bytes += one->peak_rss_bytes;
		if (total.stopped[0] == '\0') {
			memcpy(total.stopped, one->stopped, sizeof(total.stopped));
		}
	}
	return total;
}

static void print_line(const struct crew *crew, const struct outcome *total, uint64_t dial_ns)
{
	printf("{\"program\": \"%s\", \"asked\": %" PRIu64 ", \"established\": %" PRIu64
	       ", \"processes\": %" PRIu64 ", \"dial_ns\": %" PRIu64 ", \"cpu_user_ns\": %" PRIu64
	       ", \"cpu_system_ns\": %" PRIu64 ", \"peak_rss_bytes\": %" PRIu64
	       ", \"stopped\": \"%s\"}\n",
		crew->client->name, crew->connections, total->established, crew->processes, dial_ns,
		total->cpu_user_ns, total->cpu_system_ns, total->peak_rss_bytes, total->stopped);
	fflush(stdout);
}

/* The children see the end of the pipe and exit. */
static void crew_finish(struct crew *crew)
{
	for (int i = 0; i < 2; i++) {
		if (crew->hold_fds[i] >= 0) {
			close(crew->hold_fds[i]);
		}
		if (crew->done_fds[i] >= 0) {
			close(crew->done_fds[i]);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR) {
	}
	if (crew->outcomes != NULL) {
		munmap(crew->outcomes, crew->size * sizeof(*crew->outcomes));
	}
}

/* Dials, reports and holds. Returns whether all were established, or a negative errno. */
static int dial_and_hold(const struct client *client, const struct plan *plan, struct error *error)
{
	struct crew crew = {
		.client = client,
		.tuples = &plan->tuples,
		.connections = plan->settings.connections,
		.hold_fds = {-1, -1},
		.done_fds = {-1, -1},
	};
	int r = crew_init(&crew, error);
	uint64_t start_ns = clock_now_ns();
	if (r == 0) {
		r = crew_dial(&crew, error);
	}
	if (r == 0) {
		uint64_t dial_ns = clock_now_ns() - start_ns;
		struct outcome total = crew_total(&crew);
		print_line(&crew, &total, dial_ns);
		if (crew.size == 1) {
			client->hold(client->context, STDIN_FILENO);
		} else {
			client_wait_readable(STDIN_FILENO);
		}
		r = total.established == crew.connections;
	}
	crew_finish(&crew);
	return r;
}

int client_main(const struct client *client, int argc, char **argv)
{
	struct settings settings;
	struct error error = ERROR_INIT;
	struct plan *plan = NULL;
	int r = read_arguments(argc, argv, &settings, &error);
	if (r == 0) {
		r = make_plan(&settings, &plan, &error);
	}
	if (r == 0) {
		r = dial_and_hold(client, plan, &error);
	}
	plan_destroy(plan);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", client->name, error.text);
	}
	return r == 1 ? 0 : 1;
}

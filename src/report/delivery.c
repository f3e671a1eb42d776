/* SPDX-License-Identifier: MIT */
/*
 * How a report gets to its output
 *
 * A stream is sent what the verdict cannot change, and at the end the rest. Which part that is, is
 * found by rendering the report for two verdicts; a format that does not show the verdict is sent
 * whole, and rendered once.
 *
 * A file that is replaced is rendered into the new file piece by piece, so its length does not matter.
 * Into one that can only be overwritten goes a whole text, so that there is room for all of it before
 * the old one is lost.
 *
 * A file of lines has its name from the start of the run and grows (tail -f shows it); its end is
 * put behind them, and is put there again if the verdict changes. Without an end, it broke off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/file.h"
#include "report/fit.h"
#include "report/sink.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/writer.h"
#include "tcpgoon/report/output.h"

/* Puts the path before the reason. */
static int fail(const struct output *output, int code, struct error *error)
{
	error_set(error, code, "%s", output_failure(code));
	error_prefix(error, "'%.300s' cannot be written", output->name);
	return code;
}

/* A report on its way, for whoever takes its content. */
struct delivery {
	struct output *output;
	const struct result *result;
	const struct verdict *verdict;
};

static int render(const struct delivery *delivery, char **ret_text, size_t *ret_length)
{
	return report_render(&delivery->output->report, delivery->result, delivery->verdict,
		ret_text, ret_length);
}

/* Passes the report on as it is rendered. */
static int pour(const struct delivery *delivery, sink_function *function, void *context)
{
	struct sink sink;
	int r = sink_open(&sink, function, context);
	if (r < 0) {
		return r;
	}
	r = report_write(&delivery->output->report, delivery->result, delivery->verdict, sink.file);
	int closed = sink_close(&sink);
	return closed < 0 ? closed : r;
}

/* ---- Streams ---------------------------------------------------------------------------------- */

/* A stream whose reader is waited for: it may be a person. */
struct waiting {
	struct writer writer;
	int stop_fd;
};

static int write_waiting(void *context, const char *text, size_t length)
{
	const struct waiting *waiting = context;
	ssize_t r = 0;
	for (size_t done = 0; r >= 0 && done < length;) {
		r = writer_write(&waiting->writer, text + done, length - done);
		if (r > 0) {
			done += (size_t)r;
		} else if (r == -EAGAIN) {
			r = writer_wait(&waiting->writer, waiting->stop_fd, CLOCK_NEVER);
		}
	}
	return r < 0 ? (int)r : 0;
}

static int send_text(const struct output *output, const char *text, size_t length)
{
	struct waiting waiting = {.stop_fd = output->stop_fd};
	writer_init(&waiting.writer, output->fd);
	int r = write_waiting(&waiting, text, length);
	writer_finish(&waiting.writer);
	return r;
}

static int send_all(const struct delivery *delivery)
{
	struct output *output = delivery->output;
	struct waiting waiting = {.stop_fd = output->stop_fd};
	writer_init(&waiting.writer, output->fd);
	int r = pour(delivery, write_waiting, &waiting);
	writer_finish(&waiting.writer);
	output->sent_all = true; /* or as much as it will ever get */
	return r;
}

/* No reason begins like this. */
#define NO_REASON "\001"

/* The length of the report that stays the same whatever else may fail from now on. */
static int find_common(
	const struct delivery *delivery, const char *text, size_t length, size_t *ret_common)
{
	struct verdict *other = malloc(sizeof(*other));
	if (other == NULL) {
		return -ENOMEM;
	}
	*other = *delivery->verdict;
	verdict_fail(other, NO_REASON);
	const struct delivery another = {delivery->output, delivery->result, other};
	char *other_text = NULL;
	size_t other_length = 0;
	int r = render(&another, &other_text, &other_length);
	free(other);
	if (r < 0) {
		return r;
	}
	size_t common = 0;
	while (common < length && common < other_length && text[common] == other_text[common]) {
		common++;
	}
	free(other_text);
	/* Whole lines: on a terminal a message may come next. */
	while (common > 0 && text[common - 1] != '\n') {
		common--;
	}
	*ret_common = common;
	return 0;
}

static int send_common(const struct delivery *delivery)
{
	char *text = NULL;
	size_t length = 0;
	size_t common = 0;
	int r = render(delivery, &text, &length);
	if (r == 0) {
		r = find_common(delivery, text, length, &common);
	}
	if (r == 0) {
		r = send_text(delivery->output, text, common);
		delivery->output->sent = common;
	}
	free(text);
	return r;
}

int output_begin(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error)
{
	const struct delivery delivery = {output, result, verdict};
	if (output->kind != OUTPUT_STREAM) {
		return 0;
	}
	int r = output->live_failure;
	if (r == 0) {
		r = output->report.ops->ignores_verdict ? send_all(&delivery)
							: send_common(&delivery);
	}
	return r < 0 ? fail(output, r, error) : 0;
}

static int send_rest(const struct delivery *delivery)
{
	char *text = NULL;
	size_t length = 0;
	int r = render(delivery, &text, &length);
	if (r == 0) {
		size_t sent = delivery->output->sent;
		r = send_text(delivery->output, text + sent, length - sent);
	}
	free(text);
	return r;
}

static int write_stream(const struct delivery *delivery, struct error *error)
{
	struct output *output = delivery->output;
	int r = output->sent_all ? 0 : send_rest(delivery);
	if (r == 0 && output->epilogue != NULL) {
		r = send_text(output, output->epilogue, strlen(output->epilogue));
	}
	if (close(output->fd) < 0 && r == 0) {
		r = -errno;
	}
	output->fd = -1;
	return r < 0 ? fail(output, r, error) : 0;
}

/* ---- Files ------------------------------------------------------------------------------------ */

static int write_piece(void *context, const char *text, size_t length)
{
	const int *fd = context;
	return file_write(*fd, text, length);
}

static int write_content(void *context, int fd)
{
	return pour(context, write_piece, &fd);
}

static int overwrite(const struct delivery *delivery, struct error *error)
{
	struct output *output = delivery->output;
	char *text = NULL;
	size_t length = 0;
	int r = render(delivery, &text, &length);
	if (r < 0) {
		return fail(output, r, error);
	}
	r = file_overwrite(&output->place, text, length, error);
	if (r < 0) {
		error_prefix(error, "'%.300s' cannot be written", output->name);
	}
	free(text);
	return r;
}

/* For a reason that could not be tried before: the file may only be overwritten. */
static bool is_refused(const struct output *output, int code)
{
	return output->place.exists &&
		(code == -EXDEV || code == -EBUSY || code == -EPERM || code == -EACCES);
}

static int write_whole(struct delivery *delivery, struct error *error)
{
	struct output *output = delivery->output;
	if (output->kind == OUTPUT_IN_PLACE) {
		return overwrite(delivery, error);
	}
	int r = file_replace(&output->place, write_content, delivery);
	if (is_refused(output, r)) {
		return overwrite(delivery, error);
	}
	return r < 0 ? fail(output, r, error) : 0;
}

int output_grow(struct output *output, struct error *error)
{
	int fd = file_begin(&output->place);
	if (is_refused(output, fd)) {
		output->kind = OUTPUT_IN_PLACE;
		return 0;
	}
	if (fd < 0) {
		return fail(output, fd, error);
	}
	output->fd = fd;
	return 0;
}

/* To what the file has already. */
static int add(const struct delivery *delivery, struct error *error)
{
	struct output *output = delivery->output;
	char *text = NULL;
	size_t length = 0;
	int r = output->fd < 0 ? appended_open(&output->place) : 0;
	if (r > 0) {
		output->fd = r;
	}
	if (r >= 0) {
		r = render(delivery, &text, &length);
	}
	if (r == 0) {
		r = appended_write(output->fd, &output->addition, text, length, FIT_SUMMARY_MAX);
	}
	free(text);
	return r < 0 ? fail(output, r, error) : 0;
}

static int write_end(const struct delivery *delivery, struct error *error)
{
	struct output *output = delivery->output;
	char *text = NULL;
	size_t length = 0;
	int r = output->live_failure;
	if (r == 0) {
		r = render(delivery, &text, &length);
	}
	if (r == 0 && output->told_status < 0) {
		output->grown = lseek(output->fd, 0, SEEK_END);
	}
	if (r == 0) {
		r = file_put_end(&output->place, output->fd, output->grown, text, length);
	}
	free(text);
	return r < 0 ? fail(output, r, error) : 0;
}

/* A signal must not leave half a file: it is delivered a moment later. */
static void block_signals(sigset_t *ret_old)
{
	sigset_t set;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

int output_write(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error)
{
	struct delivery delivery = {output, result, verdict};
	if (output->kind == OUTPUT_STREAM) {
		return write_stream(&delivery, error);
	}
	sigset_t old;
	block_signals(&old);
	bool growing = output->kind == OUTPUT_GROWING && output->fd >= 0;
	int r = output->kind == OUTPUT_APPENDED ? add(&delivery, error)
		: growing                       ? write_end(&delivery, error)
						: write_whole(&delivery, error);
	sigprocmask(SIG_SETMASK, &old, NULL);
	output->told_status = r == 0 ? (int)verdict->exit_status : output->told_status;
	return r;
}

/* An inode number may be used again once its file is gone. */
static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return place_is_same_file(a, b) && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int output_withdraw(struct output *output)
{
	const struct place *place = &output->place;
	struct stat status;
	if (output->kind == OUTPUT_STREAM || output->told_status < 0) {
		return 0;
	}
	if (output->kind == OUTPUT_APPENDED) {
		output->told_status = -1;
		return appended_withdraw(output->fd, &output->addition);
	}
	if (output->kind == OUTPUT_GROWING && output->fd >= 0) {
		output->told_status = -1;
		return ftruncate(output->fd, output->grown) < 0 ? -errno : 0;
	}
	if (fstatat(place->directory_fd, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!is_unchanged(&status, &place->status)) {
		return 0; /* another report by now */
	}
	output->told_status = -1;
	bool replaced = output->kind != OUTPUT_IN_PLACE;
	if (replaced && unlinkat(place->directory_fd, place->name, 0) == 0) {
		return 0;
	}
	return file_empty(place);
}

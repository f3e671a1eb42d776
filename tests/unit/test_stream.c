/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

enum { READER, WRITER };

/* The two ends of a pipe and a stream into it. */
struct fixture {
	int ends[2];
	struct stream stream;
};

static void open_pipe(struct fixture *fixture)
{
	assert_int_equal(pipe2(fixture->ends, O_CLOEXEC), 0);
	assert_int_equal(stream_init(&fixture->stream, fixture->ends[WRITER]), 0);
}

static void open_sockets(struct fixture *fixture, int type)
{
	assert_int_equal(socketpair(AF_UNIX, type, 0, fixture->ends), 0);
	assert_int_equal(stream_init(&fixture->stream, fixture->ends[WRITER]), 0);
}

static void close_all(struct fixture *fixture)
{
	stream_finish(&fixture->stream);
	close(fixture->ends[READER]);
	close(fixture->ends[WRITER]);
}

static void print_lines(struct stream *stream, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		fprintf(stream->file, "line %u of those that are written\n", i);
	}
}

/* Reads what is there and holds it against lines in their order; returns the number of the next. */
static unsigned read_lines(struct fixture *fixture, unsigned next)
{
	static char text[1 << 20];
	size_t length = 0;
	fcntl(fixture->ends[READER], F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t count =
			read(fixture->ends[READER], text + length, sizeof(text) - 1 - length);
		if (count > 0) {
			length += (size_t)count;
		} else if (!stream_push(&fixture->stream)) {
			count = read(
				fixture->ends[READER], text + length, sizeof(text) - 1 - length);
			if (count <= 0) {
				break;
			}
			length += (size_t)count;
		}
		if (length > sizeof(text) / 2) {
			break;
		}
	}
	text[length] = '\0';
	char *line = text;
	for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char expected[64];
		*end = '\0';
		snprintf(expected, sizeof(expected), "line %u of those that are written", next++);
		assert_string_equal(line, expected);
	}
	return next;
}

static void lines_are_written_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 1);
	assert_false(stream_push(&fixture.stream));
	assert_int_equal(read_lines(&fixture, 0), 1);
	close_all(&fixture);
}

static void a_full_pipe_keeps_lines_in_order(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 4000); /* more than a pipe takes, less than is kept */
	assert_true(stream_push(&fixture.stream));
	assert_int_equal(fixture.stream.dropped, 0);
	assert_int_equal(read_lines(&fixture, 0), 4000);
	print_lines(&fixture.stream, 4000, 1);
	assert_int_equal(read_lines(&fixture, 4000), 4001);
	close_all(&fixture);
}

static void what_is_too_much_is_dropped_by_whole_lines_and_counted(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 60000);
	assert_true(fixture.stream.dropped > 0);
	unsigned written = 0;
	unsigned before;
	do {
		before = written;
		written = read_lines(&fixture, written);
	} while (written > before);
	assert_int_equal(written + fixture.stream.dropped, 60000);
	close_all(&fixture);
}

static void the_last_report_is_kept_whole(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	stream_keep_all(&fixture.stream);
	print_lines(&fixture.stream, 0, 60000);
	assert_int_equal(fixture.stream.dropped, 0);
	assert_int_equal(stream_drain(&fixture.stream, -1, clock_now_ns()), -ETIMEDOUT);
	unsigned written = 0;
	unsigned before;
	do {
		before = written;
		written = read_lines(&fixture, written);
	} while (written > before);
	assert_int_equal(written, 60000);
	assert_int_equal(stream_drain(&fixture.stream, -1, CLOCK_NEVER), 0);
	close_all(&fixture);
}

static void the_description_of_others_stays_as_it_is(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 4000);
	assert_int_equal(fixture.stream.writer.way, WRITER_OWN);
	assert_int_equal(fcntl(fixture.ends[WRITER], F_GETFL) & O_NONBLOCK, 0);
	close_all(&fixture);
}

static void what_cannot_be_opened_anew_does_not_wait_either(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	close(fixture.stream.writer.fd);
	fixture.stream.writer.fd = fixture.ends[WRITER];
	fixture.stream.writer.way = WRITER_POLLED;
	print_lines(&fixture.stream, 0, 4000);
	assert_true(stream_push(&fixture.stream));
	assert_int_equal(read_lines(&fixture, 0), 4000);
	close_all(&fixture);
}

static void sockets_keep_what_does_not_fit(void **state)
{
	(void)state;
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct fixture fixture;
		open_sockets(&fixture, types[i]);
		print_lines(&fixture.stream, 0, 20000);
		assert_true(stream_push(&fixture.stream));
		assert_int_equal(fixture.stream.dropped, 0);
		unsigned written = 0;
		unsigned before;
		do {
			before = written;
			written = read_lines(&fixture, written);
		} while (written > before);
		assert_int_equal(written, 20000);
		close_all(&fixture);
	}
}

static void a_reader_that_is_gone_is_a_failure(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	struct fixture fixture;
	open_pipe(&fixture);
	close(fixture.ends[READER]);
	print_lines(&fixture.stream, 0, 3);
	assert_int_equal(fixture.stream.failure, -EPIPE);
	assert_int_equal(fixture.stream.dropped, 3);
	assert_int_not_equal(ferror(fixture.stream.file), 0);
	assert_int_equal(stream_drain(&fixture.stream, -1, CLOCK_NEVER), -EPIPE);
	fixture.ends[READER] = dup(fixture.ends[WRITER]);
	close_all(&fixture);
}

static void waiting_ends_where_it_is_told_to_stop(void **state)
{
	(void)state;
	struct fixture fixture;
	int stop[2];
	open_pipe(&fixture);
	assert_int_equal(pipe(stop), 0);
	print_lines(&fixture.stream, 0, 4000);
	assert_int_equal(write(stop[WRITER], "x", 1), 1);
	assert_int_equal(stream_drain(&fixture.stream, stop[READER], CLOCK_NEVER), -EINTR);
	stream_drop(&fixture.stream);
	assert_true(fixture.stream.dropped > 0);
	assert_false(stream_push(&fixture.stream));
	close(stop[READER]);
	close(stop[WRITER]);
	close_all(&fixture);
}

static void files_are_written_where_they_are(void **state)
{
	(void)state;
	char name[] = "/tmp/test_stream.XXXXXX";
	int fd = mkstemp(name);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, "before\n", 7), 7);
	struct stream stream;
	assert_int_equal(stream_init(&stream, fd), 0);
	print_lines(&stream, 7, 1);
	assert_int_equal(stream.writer.way, WRITER_DIRECT);
	stream_finish(&stream);
	char text[128] = "";
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "before\nline 7 of those that are written\n");
	close(fd);
}

static void one_reader_is_told_from_two(void **state)
{
	(void)state;
	int ends[2];
	int others[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(others), 0);
	int same = dup(ends[WRITER]);
	assert_true(stream_is_same(ends[WRITER], same));
	assert_false(stream_is_same(ends[WRITER], others[WRITER]));
	assert_false(stream_is_same(ends[WRITER], -1));
	close(same);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(others[i]);
	}
}

static void a_frame_is_written_whole_among_lines(void **state)
{
	(void)state;
	struct fixture fixture;
	char text[64] = "";
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 1);
	assert_true(stream_offer_frame(&fixture.stream, "a\nb", 3));
	assert_true(stream_offer_frame(&fixture.stream, "c", 1));
	fputs("d\n", fixture.stream.file);
	assert_true(read(fixture.ends[READER], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "line 0 of those that are written\na\nbcd\n");
	assert_int_equal(fixture.stream.dropped, 0);
	close_all(&fixture);
}

static void a_frame_that_would_wait_behind_others_is_dropped(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	print_lines(&fixture.stream, 0, 4000);
	assert_false(stream_offer_frame(&fixture.stream, "frame\n", 6));
	assert_int_equal(read_lines(&fixture, 0), 4000);
	assert_int_equal(fixture.stream.dropped, 0);
	close_all(&fixture);
}

/* A frame larger than a pipe, of `size` bytes; returns how many of it were read. */
static size_t read_frame(struct fixture *fixture, size_t size)
{
	static char text[1 << 16];
	size_t count = 0;
	fcntl(fixture->ends[READER], F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t length = read(fixture->ends[READER], text, sizeof(text));
		if (length <= 0) {
			stream_push(&fixture->stream);
			length = read(fixture->ends[READER], text, sizeof(text));
		}
		if (length <= 0) {
			return count;
		}
		for (ssize_t i = 0; i < length; i++) {
			assert_int_equal(text[i], count + (size_t)i < size ? '~' : '!');
		}
		count += (size_t)length;
	}
}

#define LARGE_FRAME 200000

static void a_frame_that_is_half_written_is_finished(void **state)
{
	(void)state;
	struct fixture fixture;
	static char frame[LARGE_FRAME];
	memset(frame, '~', sizeof(frame));
	open_pipe(&fixture);
	assert_true(stream_offer_frame(&fixture.stream, frame, sizeof(frame)));
	assert_true(stream_push(&fixture.stream));
	assert_false(stream_offer_frame(&fixture.stream, "!", 1));
	print_lines(&fixture.stream, 0, 3);
	stream_drop(&fixture.stream);
	assert_int_equal(fixture.stream.dropped, 3);
	assert_int_equal(read_frame(&fixture, sizeof(frame)), sizeof(frame));
	assert_true(stream_offer_frame(&fixture.stream, "!", 1));
	assert_int_equal(read_frame(&fixture, 0), 1);
	close_all(&fixture);
}

/* Of a terminal that was stopped: nothing of it is on the way. */
static void a_frame_that_did_not_begin_is_dropped_without_a_count(void **state)
{
	(void)state;
	struct fixture fixture;
	open_pipe(&fixture);
	assert_int_equal(fcntl(fixture.ends[WRITER], F_SETPIPE_SZ, 4096), 4096);
	static char filling[4096];
	assert_int_equal(write(fixture.ends[WRITER], filling, sizeof(filling)), sizeof(filling));
	assert_true(stream_offer_frame(&fixture.stream, "a\nb\n", 4));
	print_lines(&fixture.stream, 0, 2);
	stream_drop(&fixture.stream);
	assert_int_equal(fixture.stream.dropped, 2);
	assert_false(stream_push(&fixture.stream));
	close_all(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_written_at_once),
		cmocka_unit_test(a_full_pipe_keeps_lines_in_order),
		cmocka_unit_test(what_is_too_much_is_dropped_by_whole_lines_and_counted),
		cmocka_unit_test(the_last_report_is_kept_whole),
		cmocka_unit_test(the_description_of_others_stays_as_it_is),
		cmocka_unit_test(what_cannot_be_opened_anew_does_not_wait_either),
		cmocka_unit_test(sockets_keep_what_does_not_fit),
		cmocka_unit_test(a_reader_that_is_gone_is_a_failure),
		cmocka_unit_test(waiting_ends_where_it_is_told_to_stop),
		cmocka_unit_test(files_are_written_where_they_are),
		cmocka_unit_test(one_reader_is_told_from_two),
		cmocka_unit_test(a_frame_is_written_whole_among_lines),
		cmocka_unit_test(a_frame_that_would_wait_behind_others_is_dropped),
		cmocka_unit_test(a_frame_that_is_half_written_is_finished),
		cmocka_unit_test(a_frame_that_did_not_begin_is_dropped_without_a_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

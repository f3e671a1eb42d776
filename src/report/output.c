/* SPDX-License-Identifier: MIT */
/*
 * A report is made in a file beside the one it is to be, and takes its name when it is complete:
 * who reads PATH finds the old one or the new one. A symbolic link stays, and its target is
 * replaced. Not synced to the disk: the promise is about readers, not about power cuts.
 *
 * It is made in memory first: then one call writes it, and its errno is why it could not.
 */
#include "tcpgoon/report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcpgoon/base/leftovers.h"

/* As many names are tried: leftovers of killed runs with our process id may be there. */
#define TEMPORARY_NAMES 100

#define MODE_NEW 0666 /* less the umask */

#define STANDARD_PATH "-"

static const struct report_ops *find_format(
	const struct report_ops *const *formats, const char *name, size_t length)
{
	for (; *formats != NULL; formats++) {
		if (strlen((*formats)->name) == length &&
			memcmp((*formats)->name, name, length) == 0) {
			return *formats;
		}
	}
	return NULL;
}

static int fail_format(const struct report_ops *const *formats, const char *text, size_t length,
	struct error *error)
{
	char names[128] = "";
	size_t used = 0;
	for (; *formats != NULL && used < sizeof(names); formats++) {
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			used > 0 ? ", " : "", (*formats)->name);
	}
	return error_set(error, -EINVAL, "'%.*s' is no format of a report; there are: %s",
		length < 40 ? (int)length : 40, text, names);
}

static int fail_path(const char *path, int r, struct error *error)
{
	return error_set(error, r, "'%.300s' cannot be written: %s", path, strerror(-r));
}

/* Opens a new file beside `path`. Returns its descriptor or a negative errno. */
static int open_beside(const char *path, mode_t mode, char **ret_temporary)
{
	for (int i = 0; i < TEMPORARY_NAMES; i++) {
		char *name = NULL;
		if (asprintf(&name, "%s.%ld-%d.tmp", path, (long)getpid(), i) < 0) {
			return -ENOMEM;
		}
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd >= 0) {
			leftovers_add(name);
			*ret_temporary = name;
			return fd;
		}
		int r = -errno;
		free(name);
		if (r != -EEXIST) {
			return r;
		}
	}
	return -EEXIST;
}

/* What is there is kept, in its permissions too. Returns a descriptor or a negative errno. */
static int open_to_replace(struct output *output, const char *path, const struct stat *status)
{
	/* A rename asks for no permission on the file itself. */
	if (status != NULL && access(path, W_OK) < 0) {
		return -errno;
	}
	output->path = status != NULL ? realpath(path, NULL) : strdup(path);
	if (output->path == NULL) {
		return -errno;
	}
	int fd = open_beside(output->path, MODE_NEW, &output->temporary);
	if (fd >= 0 && status != NULL && fchmod(fd, status->st_mode & 07777) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int open_path(struct output *output, const char *path)
{
	struct stat status;
	bool exists = stat(path, &status) == 0;
	if (!exists && errno != ENOENT) {
		return -errno;
	}
	if (exists && S_ISDIR(status.st_mode)) {
		return -EISDIR;
	}
	int fd;
	if (exists && !S_ISREG(status.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			return -errno;
		}
	} else {
		fd = open_to_replace(output, path, exists ? &status : NULL);
		if (fd < 0) {
			return fd;
		}
	}
	output->file = fdopen(fd, "w");
	if (output->file == NULL) {
		close(fd);
		return -ENOMEM;
	}
	return 0;
}

/* A second handle on it, so that closing ours leaves theirs. */
static int open_standard(struct output *output, FILE *standard_output)
{
	int fd = fcntl(fileno(standard_output), F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	output->file = fdopen(fd, "w");
	if (output->file == NULL) {
		close(fd);
		return -ENOMEM;
	}
	return 0;
}

bool output_is_standard(const char *text)
{
	const char *equals = strchr(text, '=');
	return equals != NULL && strcmp(equals + 1, STANDARD_PATH) == 0;
}

bool output_is_same(const char *a, const char *b)
{
	const char *path_a = strchr(a, '=');
	const char *path_b = strchr(b, '=');
	return path_a != NULL && path_b != NULL && strcmp(path_a, path_b) == 0;
}

int output_open(struct output *output, const char *text, const struct report_ops *const *formats,
	FILE *standard_output, struct error *error)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals[1] == '\0') {
		return error_set(error, -EINVAL,
			"'%.100s' is not FORMAT=PATH, as in json=result.json", text);
	}
	size_t length = (size_t)(equals - text);
	const struct report_ops *format = find_format(formats, text, length);
	if (format == NULL) {
		return fail_format(formats, text, length, error);
	}
	const char *path = equals + 1;
	struct output opened = {.format = format, .name = path};
	int r = strcmp(path, STANDARD_PATH) == 0 ? open_standard(&opened, standard_output)
						 : open_path(&opened, path);
	if (r < 0) {
		output_finish(&opened);
		return fail_path(path, r, error);
	}
	*output = opened;
	return 0;
}

/* Returns 0 with the text, which the caller frees, or a negative errno. */
static int make_text(const struct report_ops *format, const struct result *result,
	const struct verdict *verdict, char **ret_text, size_t *ret_length)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	if (memory == NULL) {
		return -ENOMEM;
	}
	int r = format->final(memory, result, verdict);
	if (fclose(memory) != 0 && r == 0) {
		r = -ENOMEM;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

static int write_text(FILE *file, const char *text, size_t length)
{
	return fwrite(text, 1, length, file) == length && fflush(file) == 0 ? 0 : -errno;
}

int output_write(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error)
{
	char *text = NULL;
	size_t length = 0;
	int r = make_text(output->format, result, verdict, &text, &length);
	if (r == 0) {
		r = write_text(output->file, text, length);
	}
	free(text);
	/* What only the close finds, as a full disk: it counts as much. */
	if (fclose(output->file) != 0 && r == 0) {
		r = -errno;
	}
	output->file = NULL;
	if (r == 0 && output->temporary != NULL) {
		r = rename(output->temporary, output->path) < 0 ? -errno : 0;
		if (r == 0) {
			leftovers_forget(output->temporary);
			free(output->temporary);
			output->temporary = NULL;
		}
	}
	return r < 0 ? fail_path(output->name, r, error) : 0;
}

void output_finish(struct output *output)
{
	if (output->file != NULL) {
		fclose(output->file);
	}
	if (output->temporary != NULL) {
		unlink(output->temporary);
	}
	leftovers_forget(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct output)OUTPUT_INIT;
}

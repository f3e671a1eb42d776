/* SPDX-License-Identifier: MIT */
/* Reads a file of /proc as text. */
#ifndef TCPGOON_NET_PROCFILE_H
#define TCPGOON_NET_PROCFILE_H

/* Reads a whole file. The caller frees *ret_text. Returns 0 or a negative errno. */
int procfile_read(const char *path, char **ret_text);

#endif

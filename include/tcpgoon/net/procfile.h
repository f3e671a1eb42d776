/* SPDX-License-Identifier: MIT */
/* A file of /proc as text. */
#ifndef TCPGOON_NET_PROCFILE_H
#define TCPGOON_NET_PROCFILE_H

/* The whole file, terminated; *ret_text is the caller's: free(). Returns 0 or a negative errno. */
int procfile_read(const char *path, char **ret_text);

#endif

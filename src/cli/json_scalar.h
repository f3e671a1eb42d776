/* SPDX-License-Identifier: MIT */
/* Values of the JSON that commands print; NULL where memory is short. */
#ifndef TCPGOON_CLI_JSON_SCALAR_H
#define TCPGOON_CLI_JSON_SCALAR_H

#include <jansson.h>
#include <stdint.h>

/* null where it is NULL. Bytes that are no UTF-8 are escaped. */
json_t *json_scalar_text(const char *text);

/* null for UINT64_MAX, and for what is beyond JSON's whole numbers. */
json_t *json_scalar_number(uint64_t number);

#endif

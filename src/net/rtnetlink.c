/* SPDX-License-Identifier: MIT */
/*
 * Nothing here ever waits: the kernel has queued its answer when send() returns, and makes each
 * further part of a dump inside recv().
 */
#include "tcpgoon/net/rtnetlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SIZE 32768

void rtnetlink_begin(
	struct rtnetlink_request *request, uint16_t type, size_t length, sa_family_t family)
{
	*request = (struct rtnetlink_request){
		.header = {.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(length)},
		.route = {.rtm_family = (unsigned char)family}, /* the first byte of all */
	};
}

void rtnetlink_put(
	struct rtnetlink_request *request, uint16_t type, const void *value, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	size_t size = RTA_LENGTH(length);
	if (at + RTA_ALIGN(size) > sizeof(*request)) {
		return;
	}
	const struct rtattr attribute = {
		.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(length)};
	uint8_t *to = (uint8_t *)request + at;
	memcpy(to, &attribute, sizeof(attribute));
	memcpy(to + RTA_LENGTH(0), value, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_ALIGN(size));
}

static size_t host_of(const struct address *address, const void **ret_host)
{
	bool v4 = address->any.sa_family == AF_INET;
	*ret_host = v4 ? (const void *)&address->v4.sin_addr : &address->v6.sin6_addr;
	return v4 ? sizeof(address->v4.sin_addr) : sizeof(address->v6.sin6_addr);
}

void rtnetlink_put_host(
	struct rtnetlink_request *request, uint16_t type, const struct address *address)
{
	const void *host;
	size_t length = host_of(address, &host);
	rtnetlink_put(request, type, host, length);
}

/* An answer as it is read. */
struct reader {
	rtnetlink_visit *visit;
	void *context;
	unsigned messages;
};

/* Returns 1 if there is more, 0 if that was all, or the error from the kernel. */
static int read_part(struct reader *reader, const uint8_t *part, size_t length, bool dump)
{
	const struct nlmsghdr *message = (const void *)part;
	for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
		if (message->nlmsg_type == NLMSG_DONE) {
			return 0;
		}
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *told = NLMSG_DATA(message);
			return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*told)) ? told->error
										 : -EBADMSG;
		}
		if (++reader->messages > RTNETLINK_MESSAGES_MAX) {
			return -E2BIG;
		}
		reader->visit(reader->context, message);
	}
	return dump ? 1 : 0;
}

static int read_answer(int fd, struct reader *reader, bool dump)
{
	uint8_t *part = malloc(ANSWER_SIZE); /* it would be half of a 64 KiB stack */
	int r = part == NULL ? -ENOMEM : 1;
	while (r == 1) {
		ssize_t received = recv(fd, part, ANSWER_SIZE, MSG_DONTWAIT);
		r = received < 0 ? -errno : read_part(reader, part, (size_t)received, dump);
	}
	free(part);
	return r;
}

static int ask(struct rtnetlink_request *request, struct reader *reader, int protocol, bool dump)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	if (fd < 0) {
		return -errno;
	}
	if (dump) {
		/*
		 * Lets the kernel filter the dump; without it there are more messages to look at.
		 */
		const int on = 1;
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
		request->header.nlmsg_flags |= NLM_F_DUMP;
	}
	int r = send(fd, request, request->header.nlmsg_len, 0) < 0 ? -errno
								    : read_answer(fd, reader, dump);
	close(fd);
	return r;
}

int rtnetlink_get(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context)
{
	struct reader reader = {.visit = visit, .context = context};
	int r = ask(request, &reader, NETLINK_ROUTE, false);
	return r == 0 && reader.messages == 0 ? -EBADMSG : r;
}

int rtnetlink_dump(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context)
{
	struct reader reader = {.visit = visit, .context = context};
	return ask(request, &reader, NETLINK_ROUTE, true);
}

int rtnetlink_dump_filter(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context)
{
	struct reader reader = {.visit = visit, .context = context};
	return ask(request, &reader, NETLINK_NETFILTER, true);
}

static void note_attributes(
	const struct rtattr *attribute, size_t left, const struct rtattr **attributes, size_t count)
{
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		size_t type = attribute->rta_type & NLA_TYPE_MASK;
		if (type < count) {
			attributes[type] = attribute;
		}
	}
}

void rtnetlink_parse_nested(
	const struct rtattr *parent, const struct rtattr **ret_attributes, size_t count)
{
	memset(ret_attributes, 0, count * sizeof(*ret_attributes));
	if (parent != NULL) {
		note_attributes(RTA_DATA(parent), RTA_PAYLOAD(parent), ret_attributes, count);
	}
}

void rtnetlink_parse(const struct nlmsghdr *message, size_t length,
	const struct rtattr **ret_attributes, size_t count)
{
	memset(ret_attributes, 0, count * sizeof(*ret_attributes));
	if (message->nlmsg_len < NLMSG_SPACE(length)) {
		return;
	}
	note_attributes((const void *)((const uint8_t *)message + NLMSG_SPACE(length)),
		message->nlmsg_len - NLMSG_SPACE(length), ret_attributes, count);
}

uint32_t rtnetlink_u32(const struct rtattr *attribute)
{
	uint32_t value = 0;
	if (attribute != NULL && RTA_PAYLOAD(attribute) >= sizeof(value)) {
		memcpy(&value, RTA_DATA(attribute), sizeof(value));
	}
	return value;
}

bool rtnetlink_host(const struct rtattr *attribute, sa_family_t family, struct address *ret_address)
{
	struct address address = {.any = {.sa_family = family}};
	const void *host;
	size_t length = host_of(&address, &host);
	if (attribute == NULL || RTA_PAYLOAD(attribute) != length) {
		return false;
	}
	memcpy((uint8_t *)&address + ((const uint8_t *)host - (const uint8_t *)&address),
		RTA_DATA(attribute), length);
	*ret_address = address;
	return true;
}

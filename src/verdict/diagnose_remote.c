/* SPDX-License-Identifier: MIT */
/* How the target lets connections up: who listens, whether it accepts, how many it will have. */
#include "tcpgoon/base/clock.h"
#include "tcpgoon/verdict/rules.h"

/* A server that is only busy has emptied its queue by then. */
#define ACCEPTED_BY_THEN_NS NSEC_PER_SEC

/* Fewer prove no limit: what failed by chance may stand at the end by chance. */
#define CAP_REJECTED_LEAST 5
#define CAP_KEPT_LEAST 4

bool no_listener(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_REFUSED);
	if (finding->count == 0 || result->established > 0) {
		return false;
	}
	bool seen = result->listener.here && !result->listener.known && result->target_count == 0;
	rule_say(finding->evidence,
		"All %" PRIu64 " connections that were answered were refused%s.", finding->count,
		seen ? ", and this host has no socket that listens there" : "");
	rule_say(finding->hint, "%s",
		seen ? "Start the server, or correct the address or the port."
		     : "Nothing listens on that address and port, or a firewall rejects with a "
		       "reset: start the server, or correct the port.");
	return true;
}

bool some_refused(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_REFUSED);
	if (finding->count == 0 || result->established == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " connections were refused while %" PRIu64 " came up%s.", finding->count,
		result->established,
		rule_listener_left(result) ? ", and at the end nobody listened any more" : "");
	rule_say(finding->hint,
		"The server stopped listening or restarted meanwhile, or a balancer sends some to a "
		"backend where nothing listens: look at its log and its health checks.");
	return true;
}

bool reset_in_handshake(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_RESET_IN_HANDSHAKE);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connections %s reset in the handshake.", finding->count,
		result->dialed, rule_was(finding->count));
	rule_say(finding->hint, "%s", cause_hint(CAUSE_RESET_IN_HANDSHAKE));
	return true;
}

static uint64_t known_unconfirmed(const struct result *result)
{
	return result->unconfirmed == RESULT_UNKNOWN ? 0 : result->unconfirmed;
}

/* Of the listener that we see, how many have left its queue. */
static uint64_t accepted(const struct result *result)
{
	uint64_t waiting = result->listener.queued_at_end + known_unconfirmed(result);
	uint64_t established = result->target_count > 0
		? result->targets[result->listener.target].established
		: result->established;
	return established > waiting ? established - waiting : 0;
}

/* How long ago the last connection came up, at least. */
static uint64_t since_decided_ns(const struct result *result)
{
	bool known = result->dialing_ns != RESULT_UNKNOWN;
	return known && result->duration_ns > result->dialing_ns
		? result->duration_ns - result->dialing_ns
		: 0;
}

/*
 * Nobody accepts what waits. Where the queue is full, what is dialled comes up when there is room:
 * it is enough that it still was full a second after the last dial.
 */
static bool nobody_accepts(const struct result *result)
{
	const struct listener_view *listener = &result->listener;
	bool full = listener->queued_at_end >= listener->backlog;
	uint64_t waited_ns = full ? rule_watched_ns(result) : since_decided_ns(result);
	return listener->known_at_end && listener->queued_at_end > 0 &&
		waited_ns >= ACCEPTED_BY_THEN_NS;
}

static void hint_at_acceptor(const struct result *result, struct finding *finding)
{
	if (!nobody_accepts(result)) {
		rule_say(finding->hint,
			"Accept faster, and raise the backlog of listen() together with "
			"net.core.somaxconn.");
	} else if (accepted(result) == 0) {
		rule_say(finding->hint,
			"The server accepts nobody: it hangs, or never calls accept(); a larger "
			"backlog (listen(), net.core.somaxconn) would only hide that.");
	} else {
		rule_say(finding->hint,
			"The server accepted %" PRIu64
			" and then no more: look at the limit of open files of its process and at "
			"its own limit of connections; a larger backlog would only hide that.",
			accepted(result));
	}
}

/* "up to 5 waited where its backlog is 4, and ": nothing where it was not full when looked at. */
static void say_how_full(const struct result *result, char text[FINDING_TEXT_MAX])
{
	const struct listener_view *listener = &result->listener;
	char address[ADDRESS_TEXT_MAX];
	text[0] = '\0';
	if (listener->queued_most < listener->backlog) {
		return;
	}
	if (result->target_count > 0) {
		rule_say(text, "at %s, up to %u waited where its backlog is %u, and ",
			address_format(&result->targets[listener->target].address, address),
			listener->queued_most, listener->backlog);
	} else {
		rule_say(text, "up to %u waited where its backlog is %u, and ",
			listener->queued_most, listener->backlog);
	}
}

bool backlog_full(const struct result *result, struct finding *finding)
{
	const struct listener_view *listener = &result->listener;
	uint64_t dropped = rule_added(result, NETSTAT_LISTEN_OVERFLOWS) +
		rule_added(result, NETSTAT_REQUEST_QUEUE_DROPS);
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	uint64_t hurt = timed_out + known_unconfirmed(result);
	bool seen = listener->known && (dropped > 0 || listener->queued_most >= listener->backlog);
	bool guessed = timed_out > 0 && known_unconfirmed(result) > 0;
	finding->count = hurt > result->kernel.retransmitted ? hurt : result->kernel.retransmitted;
	if (!(seen && (dropped > 0 || finding->count > 0)) && !guessed) {
		return false;
	}
	if (seen) {
		char figures[FINDING_TEXT_MAX];
		say_how_full(result, figures);
		rule_say(finding->evidence,
			"The server's accept queue was full: %sthe kernel dropped %" PRIu64
			" of their packets; %" PRIu64 " connections timed out%s.",
			figures, dropped, timed_out,
			known_unconfirmed(result) > 0 ? ", and some are established here only"
						      : "");
	} else {
		rule_say(finding->evidence,
			"%" PRIu64 " connections timed out and %" PRIu64
			" are established here only: the server's accept queue is full.",
			timed_out, known_unconfirmed(result));
	}
	hint_at_acceptor(result, finding);
	return true;
}

bool server_stopped_accepting(const struct result *result, struct finding *finding)
{
	finding->count = result->listener.queued_at_end;
	if (!nobody_accepts(result)) {
		return false;
	}
	char waited[RULE_TEXT_MAX];
	rule_say(finding->evidence,
		"%" PRIu64
		" connections still wait in the server's accept queue, %s after the last "
		"dial.",
		finding->count, rule_seconds(rule_watched_ns(result), waited));
	hint_at_acceptor(result, finding);
	return true;
}

bool unconfirmed(const struct result *result, struct finding *finding)
{
	finding->count = known_unconfirmed(result);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connections are established here, but the target repeats its SYN-ACK.",
		finding->count, result->established);
	rule_say(finding->hint,
		"It never got, or ignores, the last ACK of the handshake: look for a full accept "
		"queue, or a firewall on the path that drops what is not a SYN.");
	return true;
}

bool syn_cookies(const struct result *result, struct finding *finding)
{
	uint64_t sent = rule_added(result, NETSTAT_SYNCOOKIES_SENT);
	if (sent == 0 || !result->listener.known) {
		return false;
	}
	rule_say(finding->evidence,
		"The server's kernel took the dials for a flood and answered with %" PRIu64
		" SYN cookies.",
		sent);
	rule_say(finding->hint,
		"Raise the backlog of listen(), net.core.somaxconn and "
		"net.ipv4.tcp_max_syn_backlog at the server.");
	return true;
}

/*
 * A limit shows in the order of the dials: all before the first that was rejected stayed, and none
 * after it did, so their number is that one's index.
 */
bool connection_cap(const struct result *result, struct finding *finding)
{
	uint64_t at_once = rule_ended_at_once(result);
	uint64_t kept = result->established - at_once;
	uint64_t dropped_later = result->at_end.closed - at_once;
	uint64_t first = result->first_rejected;
	finding->count = rule_failed_there(result) + at_once;
	if (finding->count < CAP_REJECTED_LEAST || kept < CAP_KEPT_LEAST ||
		dropped_later > kept / 10 || rule_listener_left(result)) {
		return false;
	}
	/* Packets may overtake each other. */
	uint64_t distance = kept > first ? kept - first : first - kept;
	if (distance > 1 + kept / 50) {
		return false;
	}
	rule_say(finding->evidence,
		"The first %" PRIu64
		" connections came up and stayed; of those dialled after them, "
		"%" PRIu64 " were rejected (%" PRIu64 " refused, %" PRIu64 " timed out, %" PRIu64
		" ended at once).",
		kept, finding->count, rule_cause(result, CAUSE_REFUSED),
		rule_cause(result, CAUSE_TIMED_OUT), at_once);
	rule_say(finding->hint,
		"That is a limit of %" PRIu64
		" connections: look at the server's or proxy's maximum, its descriptors, and "
		"firewall rules that count connections.",
		kept);
	return true;
}

static bool ended_at_once(
	const struct result *result, enum cause cause, const char *how, struct finding *finding)
{
	finding->count = rule_cause(result, cause);
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connections %s %s by the peer as soon as they were up.",
		finding->count, result->established, rule_was(finding->count), how);
	rule_say(finding->hint, "%s", cause_hint(cause));
	return finding->count > 0;
}

bool closed_at_once(const struct result *result, struct finding *finding)
{
	return ended_at_once(result, CAUSE_CLOSED_AT_ONCE, "closed (FIN)", finding);
}

bool reset_at_once(const struct result *result, struct finding *finding)
{
	return ended_at_once(result, CAUSE_RESET_AT_ONCE, "reset (RST)", finding);
}

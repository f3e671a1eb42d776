/* SPDX-License-Identifier: MIT */
/* The target: who listens, whether it accepts, how many connections it takes. */
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "verdict/rules.h"

/* Fewer prove no limit: failures by chance may come last by chance. */
#define CAP_REJECTED_MIN 5
#define CAP_KEPT_MIN 4

bool rule_no_listener(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_REFUSED);
	if (finding->count == 0 || result->totals.established > 0) {
		return false;
	}
	bool seen = result->listener.here && !result->listener.known &&
		!result->listener.look_failed && result->target_count == 0;
	const char *here = seen ? ", and no socket on this host listens there" : "";
	if (finding->count == 1) {
		rule_say(finding->evidence, "The only connection that was answered was refused%s.",
			here);
	} else {
		rule_say(finding->evidence,
			"All %" PRIu64 " connections that were answered were refused%s.",
			finding->count, here);
	}
	rule_say(finding->hint, "%s",
		seen ? "Start the server, or correct the address or port."
		     : "Nothing listens on that address and port, or a firewall rejects with a "
		       "reset: start the server, or correct the port.");
	return true;
}

bool rule_some_refused(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_REFUSED);
	if (finding->count == 0 || result->totals.established == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s %s refused while %" PRIu64 " %s established%s.",
		finding->count, plural(finding->count), plural_were(finding->count),
		result->totals.established, plural_were(result->totals.established),
		rule_listener_left(result) ? ", and at the end nothing listened any more" : "");
	rule_say(finding->hint,
		"The server stopped listening or restarted in the meantime, or a "
		"balancer sends some to a backend where nothing listens: check its log "
		"and its health checks.");
	return true;
}

bool rule_reset_in_handshake(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_RESET_IN_HANDSHAKE);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s %s reset in the handshake.",
		finding->count, result->totals.dialed, plural(result->totals.dialed),
		plural_were(finding->count));
	rule_say(finding->hint, "%s", cause_hint(CAUSE_RESET_IN_HANDSHAKE));
	return true;
}

/*
 * Whether the target's listener on this host gets the connections: a NAT rule may send them
 * elsewhere, and then no handshake in this network namespace becomes a connection.
 */
static bool is_served_here(const struct result *result)
{
	uint64_t made = result->network.values[NETSTAT_PASSIVE_OPENS];
	return result->listener.known &&
		(made == NETSTAT_ABSENT || made * 2 >= result->totals.established);
}

static uint64_t known_unconfirmed(const struct result *result)
{
	return result->unconfirmed == RESULT_UNKNOWN ? 0 : result->unconfirmed;
}

/* Packets that the target's own socket dropped; 0 if not known. */
static uint64_t known_dropped(const struct result *result)
{
	return result->listener.dropped == RESULT_UNKNOWN ? 0 : result->listener.dropped;
}

/* Connections of this run established with the listener we can see. */
static uint64_t established_there(const struct result *result)
{
	return result->target_count > 0 ? result->targets[result->listener.target].established
					: result->totals.established;
}

/*
 * Connections of this run waiting in its queue. If the kernel could not be asked, the length of the
 * queue has to do, which may include connections of other clients.
 */
static uint64_t waiting(const struct result *result)
{
	if (result->kernel.possible && result->kernel.not_accepted != RESULT_UNKNOWN) {
		return result->kernel.not_accepted;
	}
	return lesser(result->listener.queued_at_end, established_there(result));
}

/* Connections accepted from the listener we can see. */
static uint64_t accepted(const struct result *result)
{
	uint64_t left = waiting(result) + known_unconfirmed(result);
	uint64_t established = established_there(result);
	return established > left ? established - left : 0;
}

/* Time since the last connection was established, at least. */
static uint64_t since_decided_ns(const struct result *result)
{
	bool known = result->dialing_ns != RESULT_UNKNOWN;
	return known && result->duration_ns > result->dialing_ns
		? result->duration_ns - result->dialing_ns
		: 0;
}

/* The queue became shorter while connections were only held. */
static bool is_accepting(const struct result *result)
{
	return result->listener.drained_for_ns > 0 && result->listener.drained > 0;
}

/*
 * Nothing accepts the waiting connections. If the queue is full, new dials succeed only when there
 * is room, so it is enough that it was still full a second after the last dial.
 */
static bool nobody_accepts(const struct result *result)
{
	const struct listener_view *listener = &result->listener;
	bool full = listener->queued_at_end >= listener->backlog;
	uint64_t waited_ns = full ? rule_watched_ns(result) : since_decided_ns(result);
	return listener->known_at_end && listener->queued_at_end > 0 && !is_accepting(result) &&
		waited_ns >= LISTENER_EMPTIED_NS;
}

static void hint_at_acceptor(const struct result *result, struct finding *finding)
{
	if (!nobody_accepts(result)) {
		rule_say(finding->hint,
			"Accept faster, and raise the backlog of listen() together with "
			"net.core.somaxconn.");
	} else if (accepted(result) == 0) {
		rule_say(finding->hint,
			"The server accepts nothing: it hangs, or never calls accept(). A larger "
			"backlog (listen(), net.core.somaxconn) would only hide that.");
	} else {
		rule_say(finding->hint,
			"The server accepted %" PRIu64 " and then no more: check the open file "
			"limit of its process and its own connection limit. A larger backlog "
			"would only hide that.",
			accepted(result));
	}
}

/*
 * "at 192.0.2.1:80, up to 5 waited, with a backlog of 4, and its socket dropped 30 packets", as far
 * as known.
 */
static void say_how_full(const struct result *result, char text[FINDING_TEXT_MAX])
{
	const struct listener_view *listener = &result->listener;
	char address[ADDRESS_TEXT_MAX];
	char where[ADDRESS_TEXT_MAX + 8] = "";
	char waited[64] = "";
	char dropped[64] = "";
	if (result->target_count > 0) {
		snprintf(where, sizeof(where), "at %s, ",
			address_format(&result->targets[listener->target].address, address));
	}
	if (listener->queued_most >= listener->backlog) {
		snprintf(waited, sizeof(waited), "up to %u waited, with a backlog of %u",
			listener->queued_most, listener->backlog);
	}
	if (known_dropped(result) > 0) {
		snprintf(dropped, sizeof(dropped), "its socket dropped %" PRIu64 " packet%s",
			known_dropped(result), plural(known_dropped(result)));
	}
	rule_say(text, "%s%s%s%s", where, waited,
		waited[0] != '\0' && dropped[0] != '\0' ? ", and " : "", dropped);
}

/* Which of its two queues was full: a full accept queue is counted, or still seen. */
static bool accept_queue_was_full(const struct result *result)
{
	const struct listener_view *listener = &result->listener;
	return listener->queued_most >= listener->backlog ||
		result_added(result, NETSTAT_LISTEN_OVERFLOWS) > 0;
}

/*
 * Connections that had to wait, timed out, are established here only, or were reset because of
 * net.ipv4.tcp_abort_on_overflow. Other clients do not count, and each connection needs at least
 * one dropped packet.
 */
static uint64_t hurt_by_backlog(const struct result *result)
{
	uint64_t reset = rule_cause(result, CAUSE_RESET_IN_HANDSHAKE) +
		rule_cause(result, CAUSE_RESET_AT_ONCE);
	uint64_t hurt = greater(rule_cause(result, CAUSE_TIMED_OUT) + known_unconfirmed(result),
		result_lost_a_syn(result));
	if (result->listener.dropped == RESULT_UNKNOWN) {
		return hurt;
	}
	return lesser(hurt + reset, result->listener.dropped);
}

/* The target's own socket confirms it: the counters cover all listeners of this host. */
static bool backlog_was_seen_full(const struct result *result)
{
	const struct listener_view *listener = &result->listener;
	if (listener->dropped != RESULT_UNKNOWN) {
		return listener->known && listener->dropped > 0;
	}
	/* On an old kernel, at least some listener of this host must have dropped something. */
	return listener->known && listener->queued_most >= listener->backlog &&
		result->network.values[NETSTAT_LISTEN_DROPS] != 0;
}

static void say_half_open_queue(const struct result *result, struct finding *finding)
{
	bool counted = result_added(result, NETSTAT_REQUEST_QUEUE_DROPS) > 0;
	rule_say(finding->evidence,
		"The server's socket dropped %" PRIu64 " packet%s before %s reached its "
		"accept queue%s; %" PRIu64 " of these connections had to wait or %s not "
		"established.",
		known_dropped(result), plural(known_dropped(result)),
		plural_they(known_dropped(result)),
		counted ? ", because too many connections were half-open" : "", finding->count,
		plural_were(finding->count));
	rule_say(finding->hint, "%s%s",
		counted ? ""
			: "Its queue of half-open connections was full, or a filter is attached "
			  "to the socket. ",
		"Raise the backlog of listen() and net.ipv4.tcp_max_syn_backlog, and "
		"turn net.ipv4.tcp_syncookies on.");
}

static void say_accept_queue(const struct result *result, struct finding *finding)
{
	char figures[FINDING_TEXT_MAX];
	say_how_full(result, figures);
	rule_say(finding->evidence,
		"The server's accept queue was full: %s; %" PRIu64 " connection%s timed out%s.",
		figures, rule_cause(result, CAUSE_TIMED_OUT),
		plural(rule_cause(result, CAUSE_TIMED_OUT)),
		known_unconfirmed(result) > 0 ? ", and some are established here only" : "");
	hint_at_acceptor(result, finding);
}

bool rule_backlog_full(const struct result *result, struct finding *finding)
{
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	finding->count = hurt_by_backlog(result);
	if (backlog_was_seen_full(result) && finding->count > 0) {
		if (accept_queue_was_full(result)) {
			say_accept_queue(result, finding);
		} else {
			say_half_open_queue(result, finding);
		}
		return true;
	}
	/* On another host, only its behaviour shows it. */
	finding->count = timed_out + known_unconfirmed(result);
	if (is_served_here(result) || timed_out == 0 || known_unconfirmed(result) == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s timed out and %" PRIu64 " %s established here "
		"only: this looks like a full accept queue at the server, which this "
		"host cannot see.",
		timed_out, plural(timed_out), known_unconfirmed(result),
		plural_are(known_unconfirmed(result)));
	hint_at_acceptor(result, finding);
	return true;
}

/*
 * Upper bound of the connections that others opened to listeners of this network namespace in the
 * meantime: the counter covers all listeners.
 */
static uint64_t opened_by_others(const struct result *result)
{
	uint64_t opened = result_added(result, NETSTAT_PASSIVE_OPENS);
	return opened > result->totals.established ? opened - result->totals.established : 0;
}

bool rule_server_stopped_accepting(const struct result *result, struct finding *finding)
{
	finding->count = waiting(result);
	if (!nobody_accepts(result) || finding->count == 0) {
		return false;
	}
	char waited[RULE_TEXT_MAX];
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s %s still waiting in the server's accept queue, "
		"%s after the last dial.",
		finding->count, plural(finding->count), plural_are(finding->count),
		rule_seconds(rule_watched_ns(result), waited));
	hint_at_acceptor(result, finding);
	return true;
}

bool rule_server_accepts_slowly(const struct result *result, struct finding *finding)
{
	const struct listener_view *listener = &result->listener;
	finding->count = waiting(result);
	if (!is_accepting(result) || finding->count == 0 ||
		since_decided_ns(result) < LISTENER_EMPTIED_NS) {
		return false;
	}
	char waited[RULE_TEXT_MAX];
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s %s still waiting in the server's accept queue, "
		"%s after the last dial; it accepts about %.1f a second.",
		finding->count, plural(finding->count), plural_are(finding->count),
		rule_seconds(rule_watched_ns(result), waited),
		(double)listener->drained * (double)NSEC_PER_SEC /
			(double)listener->drained_for_ns);
	hint_at_acceptor(result, finding);
	return true;
}

bool rule_unconfirmed(const struct result *result, struct finding *finding)
{
	finding->count = known_unconfirmed(result);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connection%s %s established here, but the target repeats its SYN-ACK.",
		finding->count, result->totals.established, plural(result->totals.established),
		plural_are(finding->count));
	rule_say(finding->hint,
		"It never got, or ignores, the last ACK of the handshake: look for a "
		"full accept queue, or a firewall on the path that drops everything but "
		"SYNs.");
	return true;
}

/*
 * With a SYN cookie the server's kernel keeps no state until the last ACK arrives: if that is lost,
 * it repeats no SYN-ACK. (Without a cookie it at least knows a half-open connection.) A cookie that
 * comes back while the accept queue is full counts as received, and is dropped all the same.
 */
bool rule_lost_after_cookie(const struct result *result, struct finding *finding)
{
	uint64_t missing =
		result->kernel.no_other_end == RESULT_UNKNOWN ? 0 : result->kernel.no_other_end;
	uint64_t sent = result_added(result, NETSTAT_SYNCOOKIES_SENT);
	uint64_t received = result_added(result, NETSTAT_SYNCOOKIES_RECEIVED);
	uint64_t never_came = sent > received ? sent - received : 0;
	finding->count = lesser(missing, never_came + lesser(received, known_dropped(result)));
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connection%s %s established at this end only: the server's kernel answered with "
		"SYN cookies and never got, or dropped, the last ACK of the handshake.",
		finding->count, result->totals.established, plural(result->totals.established),
		plural_are(finding->count));
	rule_say(finding->hint,
		"The server's program does not see such a connection until the client sends "
		"something, and after two minutes that is answered with a reset: look for a full "
		"accept queue, or a firewall that drops everything but SYNs.");
	return true;
}

bool rule_syn_cookies(const struct result *result, struct finding *finding)
{
	uint64_t received = result_added(result, NETSTAT_SYNCOOKIES_RECEIVED);
	uint64_t others = opened_by_others(result);
	uint64_t own =
		lesser(received > others ? received - others : 0, result->totals.established);
	if (own == 0 || !is_served_here(result)) {
		return false;
	}
	finding->count = own;
	rule_say(finding->evidence,
		"At least %" PRIu64 " of %" PRIu64 " connection%s %s established "
		"through a SYN cookie from the server's kernel.",
		own, result->totals.established, plural(result->totals.established),
		plural_were(own));
	rule_say(finding->hint,
		"It took the dials for a flood, or net.ipv4.tcp_syncookies is 2: raise the backlog "
		"of listen(), net.core.somaxconn and net.ipv4.tcp_max_syn_backlog at the server.");
	return true;
}

/* Whether the rejected begin where the kept end; packets may overtake each other. */
static bool in_order(uint64_t kept, uint64_t before_first)
{
	uint64_t distance = kept > before_first ? kept - before_first : before_first - kept;
	return distance <= 1 + kept / 50;
}

bool rule_is_cap(uint64_t rejected, uint64_t kept, uint64_t dropped_later, uint64_t before_first)
{
	return rejected >= CAP_REJECTED_MIN && kept >= CAP_KEPT_MIN && dropped_later <= kept / 10 &&
		in_order(kept, before_first);
}

/*
 * A limit shows in the order of the dials: all before the first rejected one stayed, and none after
 * it did, so their number is its index.
 */
uint64_t rule_capped(const struct result *result)
{
	uint64_t at_once = rule_ended_at_once(result);
	uint64_t rejected = result_failed_there(result) + at_once;
	uint64_t kept = result->totals.established - at_once;
	uint64_t dropped_later = result->totals.dropped - at_once;
	return !rule_listener_left(result) &&
			rule_is_cap(rejected, kept, dropped_later, result->first_rejected)
		? rejected
		: 0;
}

/*
 * Whatever refuses the excess, or ends it, counts connections itself. After silence nothing tells a
 * limit of the server from one on the path, or from a path that broke.
 */
static void hint_at_cap(const struct result *result, const char *limit, struct finding *finding)
{
	uint64_t silent = rule_cause(result, CAUSE_TIMED_OUT);
	if (silent * 2 <= finding->count) {
		rule_say(finding->hint,
			"This is a limit of %s connections: check the server's or proxy's "
			"maximum, its descriptors, and firewall rules that count connections.",
			limit);
		return;
	}
	finding->side = CAUSE_SIDE_PATH;
	bool server_is_clear = is_served_here(result) && result->listener.dropped == 0;
	rule_say(finding->hint,
		"Where they are dropped is not known: a full connection table (NAT, "
		"conntrack) or a rule that counts connections on the path%s, or the path "
		"broke at that point. Check whether the SYNs still arrive at the server.",
		server_is_clear ? " (the server's own socket dropped none)"
				: ", a limit of the server");
}

bool rule_connection_cap(const struct result *result, struct finding *finding)
{
	char limit[RULE_TEXT_MAX];
	uint64_t at_once = rule_ended_at_once(result);
	uint64_t kept = result->totals.established - at_once;
	finding->count = rule_capped(result);
	if (finding->count > 0) {
		rule_say(finding->evidence,
			"The first %" PRIu64 " connection%s %s established and stayed; of those "
			"dialled after %s, %" PRIu64 " %s rejected (%" PRIu64 " refused, %" PRIu64
			" timed out, %" PRIu64 " ended at once).",
			kept, plural(kept), plural_were(kept), kept == 1 ? "it" : "them",
			finding->count, plural_were(finding->count),
			rule_cause(result, CAUSE_REFUSED), rule_cause(result, CAUSE_TIMED_OUT),
			at_once);
		snprintf(limit, sizeof(limit), "%" PRIu64, kept);
	} else if (!rule_group_caps(result, limit, finding)) {
		return false;
	}
	hint_at_cap(result, limit, finding);
	return true;
}

static bool ended_at_once(
	const struct result *result, enum cause cause, const char *how, struct finding *finding)
{
	finding->count = rule_cause(result, cause);
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s %s %s by the peer as soon as "
		"%s %s established.",
		finding->count, result->totals.established, plural(result->totals.established),
		plural_were(finding->count), how, plural_they(finding->count),
		plural_were(finding->count));
	rule_say(finding->hint, "%s", cause_hint(cause));
	return finding->count > 0;
}

bool rule_closed_at_once(const struct result *result, struct finding *finding)
{
	return ended_at_once(result, CAUSE_CLOSED_AT_ONCE, "closed (FIN)", finding);
}

bool rule_reset_at_once(const struct result *result, struct finding *finding)
{
	return ended_at_once(result, CAUSE_RESET_AT_ONCE, "reset (RST)", finding);
}

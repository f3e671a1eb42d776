# SPDX-License-Identifier: MIT
"""What this machine did itself, and what it did not: each case makes its fault in a network of its
own, and must come out on the right side, with the exact cause and count, and name what did it."""

import ctypes
import os
import struct

import harness

# Another host behind a wire: dead0 here, dead1 over there, where nobody answers.
WIRE = """
ip link add dead0 type veth peer name dead1
ip address add 198.51.100.1/24 dev dead0
ip -6 address add 2001:db8:1::1/64 dev dead0 nodad
ip link set dead0 up
ip link set dead1 up
"""
# And one that takes what is sent to it, and says nothing.
SINK = WIRE + """
ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:01 dev dead0
ip -6 neigh add 2001:db8:1::2 lladdr 02:00:00:00:00:01 dev dead0
"""
# A real host over there, in a network namespace; $there runs a command in it.
HOST = """
unshare -n sleep infinity & host=$!
own=$(readlink /proc/self/ns/net)
while [ "$(readlink /proc/$host/ns/net)" = "$own" ]; do sleep 0.01; done
there="nsenter -t $host -n"
ip link add wire0 type veth peer name wire1 netns $host
ip address add 198.51.100.1/24 dev wire0
ip -6 address add 2001:db8:1::1/64 dev wire0 nodad
ip link set wire0 up
$there ip link set lo up
$there ip address add 198.51.100.2/24 dev wire1
$there ip -6 address add 2001:db8:1::2/64 dev wire1 nodad
$there ip link set wire1 up
# Else only the first few answers of ICMP would be sent.
$there sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
"""


def nft(family, hook, rule, within=""):
    device = " device dead0" if hook == "egress" else ""
    return (f"{within} nft 'table {family} own {{ chain {hook} {{ "
            f"type filter hook {hook}{device} priority 0; {rule}; }}; }}'\n")


# The answer of 198.51.100.2 comes in by a second wire, where this machine would not send to it.
OTHER_WAY_BACK = HOST + """
ip link add back0 type veth peer name back1 netns $host
ip address add 203.0.113.1/24 dev back0
ip link set back0 up
$there ip address add 203.0.113.2/24 dev back1
$there ip link set back1 up
$there ip route add 198.51.100.1/32 via 203.0.113.1 dev back1
$there sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire1.rp_filter=0
# Else the filter here would drop the ARP requests before any answer.
$there sysctl -q -w net.ipv4.conf.all.arp_announce=2
"""
SERVER = """
$there python3 -m http.server 80 >/dev/null 2>&1 &
until $there grep -q ' 00000000:0050 ' /proc/net/tcp; do sleep 0.02; done
"""

PLAIN = ("-c", "20", "-s", "2")
TO_THE_END = (*PLAIN, "-t", "10s")
SHORT = (*PLAIN, "-t", "1500")
ONE_SYN = (*PLAIN, "-t", "300")

PATH, REMOTE, LOCAL = "path", "remote", "local"

EGRESS_RULE = "rule 2 of chain egress, table netdev own (tcp dport 80 drop)"
REJECT_RULE = "rule 2 of chain output, table inet own (tcp dport 80 reject)"

# name: (set-up, target, arguments, exit status, causes, finding, its side, words of it)
ROWS = {
    # ---- Routes of this machine
    "no_route": (
        "", "192.0.2.1", PLAIN, 4, {"no_route": 20},
        "no_route", LOCAL, ["no route to 192.0.2.1", "ip route get 192.0.2.1"]),
    "no_route_over_ipv6": (
        "", "2001:db8::1", PLAIN, 4, {"no_route": 20},
        "no_route", LOCAL, ["no route to 2001:db8::1", "ip -6 route get 2001:db8::1"]),
    "no_route_from_a_source": (
        "ip address add 198.51.100.7/32 dev lo", "192.0.2.1",
        (*PLAIN, "--source", "198.51.100.7"), 4, {"no_route": 20},
        "no_route", LOCAL, ["no route to 192.0.2.1"]),
    "blackhole_route": (
        "ip route add blackhole 192.0.2.0/24", "192.0.2.1", PLAIN, 4, {"route_refuses": 20},
        "route_refuses", LOCAL, ["route blackhole 192.0.2.0/24",
                                 "`ip route del blackhole 192.0.2.0/24`"]),
    "blackhole_route_over_ipv6": (
        "ip -6 route add blackhole 2001:db8::/32", "2001:db8::1", PLAIN, 4,
        {"route_refuses": 20}, "route_refuses", LOCAL, ["route blackhole 2001:db8::/32"]),
    "unreachable_route": (
        "ip route add unreachable 192.0.2.0/25", "192.0.2.1", PLAIN, 4, {"route_refuses": 20},
        "route_refuses", LOCAL, ["route unreachable 192.0.2.0/25"]),
    "prohibit_route": (
        "ip route add prohibit 192.0.2.1", "192.0.2.1", PLAIN, 4, {"route_refuses": 20},
        "route_refuses", LOCAL, ["route prohibit 192.0.2.1 "]),
    "prohibit_route_over_ipv6": (
        "ip -6 route add prohibit default", "2001:db8::1", PLAIN, 4, {"route_refuses": 20},
        "route_refuses", LOCAL, ["route prohibit default"]),
    "throw_route": (
        "ip route add throw 192.0.2.0/24", "192.0.2.1", PLAIN, 4, {"route_refuses": 20},
        "route_refuses", LOCAL, ["route throw 192.0.2.0/24"]),
    "prohibit_rule": (
        WIRE + "ip rule add to 198.51.100.2 prohibit priority 77", "198.51.100.2", PLAIN, 4,
        {"route_refuses": 20}, "route_refuses", LOCAL,
        ["rule 77: from all to 198.51.100.2 prohibit", "`ip rule del priority 77`"]),
    "blackhole_rule_for_a_port": (
        WIRE + "ip rule add ipproto tcp dport 80 blackhole", "198.51.100.2", PLAIN, 4,
        {"route_refuses": 20}, "route_refuses", LOCAL, ["ipproto tcp dport 80 blackhole"]),
    "unreachable_rule_over_ipv6": (
        WIRE + "ip -6 rule add to 2001:db8:1::/64 unreachable", "2001:db8:1::2", PLAIN, 4,
        {"route_refuses": 20}, "route_refuses", LOCAL, ["to 2001:db8:1::/64 unreachable"]),
    "prohibit_rule_for_one_of_two_sources": (
        SINK + "ip address add 198.51.100.9/24 dev dead0\n"
        "ip rule add from 198.51.100.9 prohibit", "198.51.100.2",
        ("-c", "40", "-s", "1", "-t", "1500", "--source", "198.51.100.9",
         "--source", "198.51.100.1", "--source-port", "2001-2020"), 4,
        {"route_refuses": 20, "timed_out": 20},
        "route_refuses", LOCAL, ["from 198.51.100.9 prohibit"]),
    "source_that_cannot_reach_the_target": (
        WIRE, "198.51.100.2", (*PLAIN, "--source", "127.0.0.1"), 4, {"source_invalid": 20},
        "source_unusable", LOCAL, ["127.0.0.1 cannot reach 198.51.100.2"]),
    "source_that_no_answer_reaches": (
        SINK, "2001:db8:1::2", (*SHORT, "--source", "::1"), 4, {"timed_out": 20},
        "source_unusable", LOCAL, ["::1", "2001:db8:1::2"]),

    # ---- Devices and neighbours
    "device_down": (
        WIRE + "ip link set dead0 down", "198.51.100.2", PLAIN, 4, {"no_route": 20},
        "no_route", LOCAL, ["dead0 would lead there, but is down"]),
    "no_carrier": (
        WIRE + "ip link set dead1 down", "198.51.100.2", TO_THE_END, 4,
        {"host_unreachable": 20}, "device_down", LOCAL, ["device dead0, which has no carrier"]),
    "no_carrier_over_ipv6": (
        WIRE + "ip link set dead1 down", "2001:db8:1::2", SHORT, 4, {"timed_out": 20},
        "device_down", LOCAL, ["device dead0, which has no carrier"]),
    "loopback_down": (
        "ip link set lo down", "127.0.0.1", SHORT, 4, {"timed_out": 20},
        "device_down", LOCAL, ["device lo, which is down", "ip link set lo up"]),
    "loopback_down_over_ipv6": (
        "ip link set lo down", "::1", SHORT, 4, {"no_route": 20},
        "no_route", LOCAL, ["device lo would lead there, but is down"]),
    "silent_neighbour": (
        WIRE, "198.51.100.2", TO_THE_END, 2, {"host_unreachable": 20},
        "neighbour_silent", PATH,
        ["198.51.100.2 did not answer on the device dead0", "(ARP)", "no SYN left"]),
    "silent_neighbour_before_it_is_given_up": (
        WIRE, "198.51.100.2", SHORT, 2, {"timed_out": 20},
        "neighbour_silent", PATH, ["198.51.100.2 did not answer on the device dead0"]),
    "silent_neighbour_over_ipv6": (
        WIRE, "2001:db8:1::2", TO_THE_END, 2, {"host_unreachable": 20},
        "neighbour_silent", PATH, ["2001:db8:1::2", "neighbour discovery"]),
    "silent_gateway": (
        WIRE + "ip route add default via 198.51.100.254", "192.0.2.1", TO_THE_END, 2,
        {"host_unreachable": 20}, "neighbour_silent", PATH, ["The gateway 198.51.100.254"]),

    # ---- What this machine drops and rejects of its own
    "output_rejects_with_icmp": (
        nft("inet", "output", "tcp dport 80 reject"), "127.0.0.1", TO_THE_END, 4,
        {"refused": 20}, "output_rejected", LOCAL, [REJECT_RULE]),
    "output_rejects_with_a_reset": (
        nft("inet", "output", "tcp dport 80 reject with tcp reset"), "127.0.0.1", TO_THE_END, 4,
        {"refused": 20}, "output_rejected", LOCAL, [REJECT_RULE]),
    "output_rejects_with_a_reset_over_ipv6": (
        nft("inet", "output", "tcp dport 80 reject with tcp reset"), "::1", TO_THE_END, 4,
        {"refused": 20}, "output_rejected", LOCAL, [REJECT_RULE]),
    "output_rejects_another_host_with_icmp": (
        HOST + nft("inet", "output", "tcp dport 80 reject"), "198.51.100.2", TO_THE_END, 4,
        {"refused": 20}, "output_rejected", LOCAL, ["came from an address of this host"]),
    "output_rejects_another_host_as_prohibited": (
        HOST + nft("inet", "output", "meta skuid 0 reject with icmpx type admin-prohibited"),
        "198.51.100.2", TO_THE_END, 4, {"prohibited": 20},
        "output_rejected", LOCAL, ["came from an address of this host"]),
    "output_rejects_another_host_as_prohibited_over_ipv6": (
        HOST + nft("inet", "output", "tcp dport 80 reject with icmpx type admin-prohibited"),
        "2001:db8:1::2", TO_THE_END, 4, {"prohibited": 20},
        "output_rejected", LOCAL, ["came from an address of this host"]),
    "output_rejects_another_host_with_a_reset": (
        HOST + nft("inet", "output", "tcp dport 80 reject with tcp reset"), "198.51.100.2",
        TO_THE_END, 4, {"refused": 20}, "output_rejected", LOCAL, [REJECT_RULE]),
    "output_drops": (
        nft("inet", "output", "tcp dport 80 drop"), "127.0.0.1", SHORT, 4, {"timed_out": 20},
        "output_dropped", LOCAL,
        ["40 packets did not leave", "rule 2 of chain output, table inet own"]),
    "output_drops_in_a_chain_it_jumps_to": (
        "nft 'table inet own { chain jumped { tcp dport 443 drop; tcp dport 80 counter drop; }; "
        "chain output { type filter hook output priority 0; meta skuid 0 jump jumped; }; }'",
        "127.0.0.1", SHORT, 4, {"timed_out": 20}, "output_dropped", LOCAL,
        ["of chain jumped, table inet own (tcp dport 80 drop): no other"]),
    "output_drops_from_ports_of_the_kernel": (
        SINK + nft("inet", "output", "tcp dport 80 drop"), "198.51.100.2",
        (*PLAIN, "-t", "4s", "--source-port", "auto"), 4, {"timed_out": 20},
        "output_dropped", LOCAL, ["packets did not leave", "rule 2 of chain output"]),
    "output_drops_by_policy": (
        nft("ip", "output", "policy drop; tcp dport 22 accept"), "127.0.0.1", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["the policy of chain output, table ip own"]),
    "output_drops_by_one_of_two_rules": (
        nft("inet", "output", "meta skuid 0 drop; meta mark 7 drop"), "127.0.0.1", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["table inet own (... drop) and 1 more"]),
    "output_drops_over_ipv6": (
        SINK + nft("ip6", "output", "tcp dport 80 drop"), "2001:db8:1::2", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["40 packets did not leave"]),
    "output_drops_the_only_syn": (
        SINK + nft("ip", "output", "tcp dport 80 drop"), "198.51.100.2", ONE_SYN, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["20 packets did not leave"]),
    "postrouting_drops": (
        SINK + nft("inet", "postrouting", "tcp dport 80 drop"), "198.51.100.2", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["40 packets did not leave"]),
    "ipsec_without_a_key": (
        SINK + "ip xfrm policy add dst 198.51.100.2 dir out tmpl src 198.51.100.1 "
        "dst 198.51.100.2 proto esp mode transport", "198.51.100.2", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL,
        ["40 packets did not leave", "An IPsec policy", "ip xfrm policy"]),
    "ipsec_blocks": (
        SINK + "ip xfrm policy add dst 198.51.100.2 dir out action block", "198.51.100.2", PLAIN,
        4, {"not_permitted": 20}, "local_not_permitted", LOCAL, ["EPERM", "ip xfrm policy"]),
    "egress_drops": (
        SINK + nft("netdev", "egress", "tcp dport 80 drop"), "198.51.100.2", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, [EGRESS_RULE]),
    "traffic_control_drops": (
        SINK + "tc qdisc add dev dead0 clsact\n"
        "tc filter add dev dead0 egress bpf da bytecode '1,6 0 0 2'", "198.51.100.2", SHORT, 4,
        {"timed_out": 20}, "output_dropped", LOCAL, ["20 packets did not leave", "tc -s qdisc"]),
    "reverse_path_filter_of_all": (
        OTHER_WAY_BACK + "sysctl -q -w net.ipv4.conf.all.rp_filter=1\n" + SERVER,
        "198.51.100.2", SHORT, 4, {"timed_out": 20},
        "reverse_path_filtered", LOCAL, ["net.ipv4.conf.all.rp_filter"]),
    "reverse_path_filter_of_a_device": (
        OTHER_WAY_BACK + "sysctl -q -w net.ipv4.conf.back0.rp_filter=1\n" + SERVER,
        "198.51.100.2", SHORT, 4, {"timed_out": 20},
        "reverse_path_filtered", LOCAL, ["net.ipv4.conf.back0.rp_filter"]),

    "input_drops_the_answers": (
        HOST + SERVER + nft("inet", "input", "tcp sport 80 drop"), "198.51.100.2", SHORT, 4,
        {"timed_out": 20}, "input_dropped", LOCAL,
        ["rule 2 of chain input, table inet own (tcp sport 80 drop)"]),
    "input_drops_the_answers_over_ipv6": (
        HOST + nft("ip6", "prerouting", "tcp sport 80 drop"), "2001:db8:1::2", SHORT, 4,
        {"timed_out": 20}, "input_dropped", LOCAL, ["chain prerouting, table ip6 own"]),
    "input_drops_all_that_is_not_asked_for_and_does_not_know_what_is": (
        HOST + SERVER + nft("ip", "input", "policy drop; tcp dport 22 accept"), "198.51.100.2",
        SHORT, 4, {"timed_out": 20}, "input_dropped", LOCAL,
        ["the policy of chain input, table ip own (drop)"]),

    # ---- And what others did, which must not become this machine's
    "input_rejects_with_a_reset": (
        nft("inet", "input", "tcp dport 80 reject with tcp reset"), "127.0.0.1", TO_THE_END, 2,
        {"refused": 20}, "no_listener", REMOTE, []),
    "input_rejects_with_icmp": (
        nft("inet", "input", "tcp dport 80 reject with icmpx type host-unreachable"),
        "127.0.0.1", TO_THE_END, 2, {"host_unreachable": 20}, "unreachable", PATH, []),
    "input_drops": (
        nft("inet", "input", "tcp dport 80 drop"), "127.0.0.1", SHORT, 2, {"timed_out": 20},
        "firewall_drop", PATH, []),
    "another_host_rejects": (
        HOST + nft("inet", "input", "tcp dport 80 reject with icmpx type admin-prohibited",
                   within="$there"),
        "198.51.100.2", TO_THE_END, 2, {"prohibited": 20}, "firewall_reject", PATH, []),
    "another_host_rejects_over_ipv6": (
        HOST + nft("inet", "input", "tcp dport 80 reject with icmpx type admin-prohibited",
                   within="$there"),
        "2001:db8:1::2", TO_THE_END, 2, {"prohibited": 20}, "firewall_reject", PATH, []),
    "another_host_has_no_route_on": (
        HOST + "$there sysctl -q -w net.ipv4.ip_forward=1\n"
        "$there ip route add 192.0.2.0/24 dev wire1\nip route add 192.0.2.0/24 via 198.51.100.2\n"
        + nft("inet", "forward", "reject with icmpx type no-route", within="$there"),
        "192.0.2.1", TO_THE_END, 2,
        {"network_unreachable": 20}, "unreachable", PATH, []),
    "another_host_refuses": (
        HOST, "198.51.100.2", TO_THE_END, 2, {"refused": 20}, "no_listener", REMOTE, []),
    "another_host_drops": (
        SINK, "198.51.100.2", SHORT, 2, {"timed_out": 20}, "firewall_drop", PATH, []),
    "another_host_refuses_and_the_own_output_drops_what_is_not_ours": (
        HOST + nft("inet", "output", "udp dport 9 drop") + "{noise}", "198.51.100.2",
        (*PLAIN, "--hold", "0"), 2, {"refused": 20}, "no_listener", REMOTE, []),
    "another_host_refuses_and_the_own_output_drops_a_few_that_are_not_ours": (
        HOST + nft("inet", "output", "udp dport 9 drop") + "{few}", "198.51.100.2",
        (*PLAIN, "--hold", "0"), 2, {"refused": 20}, "no_listener", REMOTE, []),
    "another_host_drops_and_the_own_input_drops_what_is_not_ours": (
        HOST + nft("inet", "input", "tcp dport 80 drop", within="$there")
        + nft("inet", "input", "udp dport 9 drop") + "{incoming}", "198.51.100.2", SHORT, 2,
        {"timed_out": 20}, "firewall_drop", PATH, []),
    "another_host_drops_and_the_own_output_drops_a_few_that_are_not_ours": (
        SINK + nft("inet", "output", "udp dport 9 drop") + "{few}", "198.51.100.2", SHORT, 2,
        {"timed_out": 20}, "firewall_drop", PATH, []),
    "another_host_drops_and_the_own_output_drops_what_is_not_ours": (
        SINK + nft("inet", "output", "udp dport 9 drop") + "{noise}", "198.51.100.2", SHORT, 2,
        {"timed_out": 20}, "firewall_drop", PATH, []),
}

# Datagrams to a port that the rule above drops, as long as the run lasts; they come before it.
SENDER = """
import os, socket, sys, time
target, at_once, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
begun = False
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
    while True:
        for _ in range(at_once):
            try:
                noise.sendto(b"x", (target, 9))
            except PermissionError:
                pass
        if not begun:
            os.close(1)
            begun = True
        time.sleep(pause)
"""


def traffic(target, at_once, pause, within=""):
    """A line of the shell that goes on when the first datagram is sent."""
    return (f"mkfifo $0.started\n{within} python3 -c '{SENDER}' {target} {at_once} {pause} "
            ">$0.started &\ncat $0.started\n")


TRAFFIC = {
    "{noise}": traffic("198.51.100.2", 20, 0.001),
    # About as many as are dialled, at the time.
    "{few}": traffic("198.51.100.2", 1, 0.0015),
    "{incoming}": traffic("198.51.100.1", 20, 0.001, within="$there"),
}


class Fault(harness.Case):
    """What each case shares: a network of its own, so that all may run at the same time."""

    def run_in_own_network(self, script, target, argv, **options):
        path = os.path.join(self.temporary_directory(), "result.json")
        whole = (f"ip link set lo up\n{script}\n"
                 f"exec {harness.TCPGOON} run {target} 80 -y -o json={path} {' '.join(argv)}\n")
        run = self.start("unshare", "-n", "sh", "-euc", whole, path, **options)
        run.result_path = path
        run.wait()
        return run, self.result_of(run)

    def check(self, script, target, argv, status, causes, name, side, words, **options):
        for mark, traffic in TRAFFIC.items():
            script = script.replace(mark, traffic)
        run, result = self.run_in_own_network(script, target, argv, **options)
        self.assertEqual({row["cause"]: row["count"] for row in result["causes"]}, causes,
                         run.describe())
        found = {finding["name"]: finding for finding in result["findings"]}
        self.assertIn(name, found, run.describe())
        self.assertEqual(found[name]["side"], side)
        count = causes.get(name) or max(causes.values())
        self.assertEqual(found[name]["count"], count, run.describe())
        for word in words:
            self.assertIn(word, found[name]["evidence"] + " " + found[name]["hint"])
        # Nobody else is accused beside.
        others = {row["name"] for row in result["findings"]
                  if row["side"] != side and row["name"] != "client_limited"}
        if len(causes) == 1:
            self.assertEqual(others, set(), run.describe())
        self.assertEqual(result["verdict"]["exit_status"], status, run.describe())
        self.assert_status(run, status)
        return result


class Local(Fault):
    """One test for each row, and what needs more than a shell to set up."""

    def test_a_security_module(self):
        """Landlock forbids this program to connect by TCP; EACCES looks like an ICMP message."""
        if not landlock_knows_tcp():
            self.skipTest("this kernel's Landlock does not know of TCP")
        result = self.check("", "127.0.0.1", PLAIN, 4, {"not_permitted": 20},
                            "local_not_permitted", LOCAL, ["EACCES", "Landlock"],
                            prepare=forbid_connect)
        self.assertEqual(result["refusals"][0]["errno"], "EACCES")

    @harness.requires("nft")
    def test_a_full_connection_tracker(self):
        self.require_small_tracker()
        fill = os.path.join(os.path.dirname(os.path.abspath(__file__)), "full_tracker.py")
        self.check(SINK + nft("ip", "output", "ct state new accept") + f"python3 {fill}\n",
                   "198.51.100.2", (*SHORT, "--force"), 4, {"timed_out": 20}, "conntrack_full",
                   LOCAL, ["nf_conntrack_max"])


LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_ACCESS_NET_CONNECT_TCP = 2
PR_SET_NO_NEW_PRIVS = 38


def landlock_knows_tcp():
    """From version 4 on."""
    version = harness.libc.syscall(
        LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    return version >= 4


def forbid_connect():
    """For `prepare`: from here on, nobody connects by TCP."""
    libc = harness.libc
    attributes = struct.pack("QQ", 0, LANDLOCK_ACCESS_NET_CONNECT_TCP)
    fd = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(LANDLOCK_RESTRICT_SELF, fd, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")


def make_test(row):
    def test(self):
        self.check(*row)
    return test


for row_name, its_row in ROWS.items():
    setattr(Local, f"test_{row_name}", harness.requires("nft", "nsenter")(make_test(its_row)))


BPF_PROG_LOAD, BPF_PROG_ATTACH = 5, 8
SYS_BPF = 321 if os.uname().machine == "x86_64" else 280
CGROUP_SKB, CGROUP_SOCK_ADDR = 8, 18
INET_EGRESS, INET4_CONNECT = 1, 10


def bpf(command, attributes):
    result = harness.libc.syscall(SYS_BPF, command, ctypes.create_string_buffer(attributes, 128),
                                  128)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def load_program_that_says_no(kind, attach_type):
    """`r0 = 0; exit`; a descriptor."""
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    return bpf(BPF_PROG_LOAD, struct.pack(
        "<IIQQIIQII16sII", kind, 2, ctypes.addressof(code), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b"", 0, attach_type))


class ControlGroup(Fault):
    """Programs of the control group that this program runs in; the group goes with the test."""

    def in_group_with(self, kind, attach_type):
        """What `prepare` needs to enter such a group."""
        for root in "/sys/fs/cgroup", "/sys/fs/cgroup/unified":
            if os.path.exists(f"{root}/cgroup.controllers"):
                break
        else:
            self.skipTest("no cgroup2")
        group = f"{root}/tcpgoon-test-{os.getpid()}-{attach_type}"
        try:
            os.mkdir(group)
            self.addCleanup(os.rmdir, group)
            program = load_program_that_says_no(kind, attach_type)
            directory = os.open(group, os.O_RDONLY)
            bpf(BPF_PROG_ATTACH, struct.pack("<IIII", directory, program, attach_type, 0))
            os.close(directory)
            os.close(program)
        except OSError as error:
            self.skipTest(f"no control group of ours: {error}")

        def enter():
            file = os.open(f"{group}/cgroup.procs", os.O_WRONLY)
            os.write(file, b"%d" % os.getpid())
            os.close(file)
        return enter

    def test_forbids_connect(self):
        self.check("", "127.0.0.1", PLAIN, 4, {"not_permitted": 20}, "local_not_permitted",
                   LOCAL, ["EPERM", "connect4"],
                   prepare=self.in_group_with(CGROUP_SOCK_ADDR, INET4_CONNECT))

    def test_drops_at_egress(self):
        self.check("", "127.0.0.1", SHORT, 4, {"timed_out": 20}, "output_dropped", LOCAL,
                   ["40 packets did not leave", "egress program of the cgroup"],
                   prepare=self.in_group_with(CGROUP_SKB, INET_EGRESS))


class Plan(harness.Case):
    def plan(self, script, *argv, status):
        run = self.start("unshare", "-n", "sh", "-euc",
                         f"{script}\nexec {harness.TCPGOON} plan {' '.join(argv)}\n")
        run.wait()
        self.assert_status(run, status)
        return run.stdout

    def test_says_that_there_is_no_route(self):
        text = self.plan("ip link set lo up", "2001:db8::1", "80", "--source", "::1", status=4)
        self.assertIn("  Route:    none to 2001:db8::1\n", text)
        self.assertRegex(text, r"  4-tuples +0 +0 ")
        self.assertNotIn("The run is possible", text)

    def test_names_the_route_that_refuses(self):
        text = self.plan("ip link set lo up; ip route add blackhole 192.0.2.0/24", "192.0.2.1",
                         "80", status=4)
        self.assertIn("none to 192.0.2.1: this machine's own route blackhole 192.0.2.0/24", text)

    def test_names_the_device_that_is_down(self):
        self.assertIn("none to 127.0.0.1: the device lo is down",
                      self.plan("", "127.0.0.1", "80", status=4))


if __name__ == "__main__":
    harness.main(at_a_time=16 if harness.MEASURING else 4)

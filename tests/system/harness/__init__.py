# SPDX-License-Identifier: MIT
"""
What the system tests share. A test file holds unittest cases and ends in `harness.main()`.

environment   the binary under test, its sources, and how slow it may be
waiting       conditions that are waited for, measurements that are made again
network       network namespaces
program       programs that are always cleaned up
sockets       sockets and counters as the kernel has them
report        what `tcpgoon run` prints, taken apart
case          a test with programs, servers, ports and a firewall of its own
capture       packets
terminal      a terminal and what it shows (imported by its own name: it takes pyte)
tap           `main`
"""

from .capture import Capture
from .case import (Case, NetworkCase, alone, left_out_unless_measuring, requires, reset)
from .environment import (ENGINE, MEASURING, PATIENCE_S, SLOW, SOURCE, TCPGOON, copy_sources)
from .network import libc, namespace_is_of_the_first_user, network_of, own_network
from .program import Program, come_first, environment_of_programs, processes_of
from .report import STATUS_LINE, Report
from .sockets import (TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_LISTEN,
                      TCP_SYN_SENT, TCP_TIME_WAIT, counter, sockets, wait_for_listener)
from .tap import main
from .waiting import Untimely, measured, require_timely, wait_until

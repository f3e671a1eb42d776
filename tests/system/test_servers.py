# SPDX-License-Identifier: MIT
"""Servers of other people, as Debian packages them."""

import harness


class RealServers(harness.Case):
    def hold_thousand(self, port):
        run = self.dial("127.0.0.1", port, "-c", "1000", "-s", "1", "--hold", "500ms")
        self.assert_status(run, 0)
        report = self.report_of(run)
        self.assertEqual(report.established, 1000)
        self.assertEqual(report.on_closure, 1000)
        self.assertEqual(report.final["closed"], 0)

    @harness.requires("nginx")
    def test_nginx(self):
        self.hold_thousand(self.start_nginx())

    @harness.requires("nginx")
    def test_nginx_that_closes_idle_connections(self):
        port = self.start_nginx(http="client_header_timeout 1s;")
        run = self.dial("127.0.0.1", port, "-c", "100", "-s", "0", "--hold", "1h")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.established, 100)
        self.assertEqual(report.final["closed"], 100)

    def start_redis(self, clients):
        port = self.free_port()
        server = self.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                            "--dir", self.temporary_directory(), "--maxclients", clients,
                            "--daemonize", "no", nofile=8192)
        harness.wait_for_listener(port, server)
        return port

    @harness.requires("redis-server")
    def test_redis(self):
        self.hold_thousand(self.start_redis(4000))

    @harness.requires("redis-server")
    def test_redis_that_takes_no_more_than_a_hundred(self):
        port = self.start_redis(100)
        run = self.dial("127.0.0.1", port, "-c", "150", "-s", "1", "--hold", "2s")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.on_closure, 100)
        self.assertEqual(report.final["closed"], 50)


if __name__ == "__main__":
    harness.main()

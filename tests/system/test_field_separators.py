# SPDX-License-Identifier: MIT
"""Separators within what they separate: interfaces called like ranges, paths with '=' and '-'."""

import json
import os
import socket
import subprocess
import tempfile

import harness


class Zones(harness.Case):
    """On a bridge whose name has a dash, as OpenWrt calls them."""

    @classmethod
    def setUpClass(cls):
        for name, addresses in (("br-lan0", ("fe80::1", "fe80::2", "fe80::3")),
                                ("25x-1.2", ("fe80::21",))):
            subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
            for address in addresses:
                subprocess.run(["ip", "address", "add", f"{address}/64", "dev", name, "nodad"],
                               check=True)

    @classmethod
    def tearDownClass(cls):
        for name in ("br-lan0", "25x-1.2"):
            subprocess.run(["ip", "link", "delete", name], check=True)

    def setUp(self):
        super().setUp()
        self.port = self.serve("--listen", "::")[1]

    def test_understood(self):
        index = socket.if_nametoindex("br-lan0")
        target = "fe80::1%br-lan0"
        rows = [
            (target, [], target),
            (target, ["--source", "fe80::1%br-lan0"], target),
            (target, ["--source", "fe80::1%br-lan0-fe80::3%br-lan0"], target),
            (target, ["--source", "fe80::1%br-lan0", "--source", "fe80::2%br-lan0"], target),
            (target, [f"--source=fe80::2%{index}"], target),
            (target, ["--source", "[fe80::2%25br-lan0]"], target),
            ("[fe80::1%br-lan0]", [], target),
            ("[fe80::1%25br-lan0]", [], target),
            (f"fe80::1%{index}", [], target),
            ("fe80::21%25x-1.2", [], "fe80::21%25x-1.2"),
            ("[fe80::21%25x-1.2]", [], "fe80::21%25x-1.2"),
            ("[fe80::21%2525x-1.2]", ["--source", "fe80::21%25x-1.2"], "fe80::21%25x-1.2"),
        ]
        for host, flags, address in rows:
            with self.subTest(host=host, flags=flags):
                run, result = self.dial_for_result(host, self.port, "-c", "9", "-s", "0", *flags)
                self.assert_status(run, 0)
                self.assertEqual(result["target"]["address"], address)
                self.assertEqual(result["kernel"]["agreed"], 9)
                self.assertEqual(run.stderr, "")

    def test_sources_of_a_range(self):
        for text, shown in (
                ("fe80::1%br-lan0", "1, from fe80::1%br-lan0 on"),
                ("fe80::1%br-lan0-fe80::3%br-lan0", "3, from fe80::1%br-lan0 on"),
                ("fe80::2%br-lan0/127", "2, from fe80::2%br-lan0 on"),
                ("fe80::21%25x-1.2-fe80::21%25x-1.2", "1, from fe80::21%25x-1.2 on")):
            with self.subTest(text=text):
                zone = text.partition("%")[2].partition("/")[0].partition("-fe80")[0]
                plan = self.run_tcpgoon("plan", f"fe80::9%{zone}", self.port, "-c", "5",
                                        "--source", text)
                self.assertIn(f"  Sources:  {shown}\n", plan.stdout, plan.describe())

    def test_refused_before_any_dial(self):
        target = "fe80::1%br-lan0"
        rows = [
            (["fe80::1", "80"], "'fe80::1' is a link-local address, which may exist on every link: "
                                "name its interface, as in fe80::1%br-lan0 (this host has lo, br-lan0"),
            (["[fe80::1]", "80"], "name its interface, as in fe80::1%br-lan0"),
            (["fe80::1%br-wan0", "80"], "this host has no interface 'br-wan0'; it has lo, br-lan0"),
            (["[fe80::1%25br-wan0]", "80"], "this host has no interface '25br-wan0'"),
            (["fe80::1%4000", "80"], "this host has no interface '4000'"),
            (["::1%br-lan0", "80"], "only a link-local address (fe80::/10) takes an interface: "
                                    "give ::1"),
            ([target, "80", "--source", "fe80::1"], "'fe80::1' is a link-local address"),
            ([target, "80", "--source", "fe80::1%br-wan0"], "no interface 'br-wan0'"),
            ([target, "80", "--source", "fe80::1-fe80::3"], "'fe80::1' is a link-local address"),
            ([target, "80", "--source", "fe80::1%br-lan0-fe80::3%br-wan0"],
             "'fe80::3%br-wan0': this host has no interface 'br-wan0'"),
            ([target, "80", "--source", "fe80::1%br-lan0-x"],
             "this host has no interface 'br-lan0-x'"),
            ([target, "80", "--source", "fe80::%br-wan0/120"], "no interface 'br-wan0'"),
            ([target, "80", "--source", "fe80::1%br-lan0,fe80::2%br-lan0"],
             "give --source once for each"),
            ([target, "80", "--source", "br-lan0"],
             "'br-lan0' is an interface: give an address that it has"),
        ]
        for words, sentence in rows:
            with self.subTest(words=words):
                run = self.run_tcpgoon("run", *words, "-y")
                self.assertIn(sentence, run.stderr)
                self.assert_explained(run)

    def test_server(self):
        for text, sentence in (
                ("fe80::1", "'fe80::1' is a link-local address"),
                ("fe80::1%br-wan0", "no interface 'br-wan0'")):
            self.assertIn(f"--listen: {sentence}" if "link" in sentence else sentence,
                          self.run_tcpgoon("server", "-p", "8080", "--listen", text).stderr)
        port = self.serve("--listen", "fe80::1%br-lan0")[1]
        self.assert_status(self.dial("fe80::1%br-lan0", port, "-c", "3"), 0)


class Others(harness.Case):
    def test_paths_and_values(self):
        port = self.serve()[1]
        with tempfile.TemporaryDirectory() as directory:
            for number, (flag, name) in enumerate((
                    ("-o", "a=b-c,d.json"), ("-o=", "x=.json"), ("--output=", "json=y"))):
                path = os.path.join(directory, name)
                words = [flag, f"json={path}"] if flag == "-o" else [f"{flag}json={path}"]
                run = self.dial("127.0.0.1", port, "-c", "2", "-s", "0s", "-t=1m0.5s", *words)
                self.assert_status(run, 0)
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(json.load(file)["settings"]["dial_timeout_ns"],
                                     60500000000, number)

    def test_lists_of_ports(self):
        for text, targets in (("8000-8001", 2), ("8000,8001-8002", 3), ("8000-8000,8000", 1)):
            plan = self.run_tcpgoon("plan", "127.0.0.1", text)
            self.assertIn(f"  Targets:  {targets}, 127.0.0.1:8000", plan.stdout)


if __name__ == "__main__":
    harness.main()

# SPDX-License-Identifier: MIT
"""The bill of materials: a document of SPDX 2.3, and true of the program that was built."""

import json
import os
import re
import subprocess
import unittest

import harness

BUILD = os.environ["TCPGOON_BUILD"]
# What SPDX 2.3 demands (its sections 6, 7 and 11), and no more than it knows.
OF_DOCUMENT = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo",
               "packages", "relationships"}
OF_PACKAGE = {"SPDXID", "name", "downloadLocation"}
MAYBE_OF_PACKAGE = {"versionInfo", "sourceInfo", "primaryPackagePurpose", "packageFileName",
                    "filesAnalyzed", "licenseConcluded", "licenseDeclared", "copyrightText",
                    "checksums", "externalRefs"}
RELATIONSHIPS = {"DESCRIBES", "DYNAMIC_LINK", "STATIC_LINK", "BUILD_DEPENDENCY_OF", "CONTAINS"}
IDENTIFIER = r"^SPDXRef-[A-Za-z0-9.-]+$"
PURL = r"^pkg:deb/[a-z]+/[a-z0-9+.-]+@[A-Za-z0-9.+~%-]+\?arch=[a-z0-9]+(&distro=[a-z]+-[0-9.]+)?$"


def lines_of(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True,
                          cwd=harness.SOURCE).stdout.splitlines()


class BillOfMaterials(harness.Case):
    def setUp(self):
        with open(f"{BUILD}/tools/tcpgoon.spdx.json", encoding="utf-8") as file:
            self.document = json.load(file)
        self.packages = {package["SPDXID"]: package for package in self.document["packages"]}

    def names(self, kind):
        """Of the packages at the other end of this kind of relationship with the program."""
        ends = {(one["spdxElementId"], one["relatedSpdxElement"])
                for one in self.document["relationships"] if one["relationshipType"] == kind}
        return {self.packages[name]["name"] for pair in ends for name in pair
                if name in self.packages and name != "SPDXRef-tcpgoon"}

    def test_is_an_spdx_document(self):
        document = self.document
        self.assertEqual(set(document), OF_DOCUMENT)
        self.assertEqual((document["spdxVersion"], document["dataLicense"], document["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(document["documentNamespace"], r"^https://spdx\.org/spdxdocs/[^#\s]+$")
        self.assertRegex(document["creationInfo"]["created"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in document["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Tool|Person|Organization): \S+")

    def test_describes_each_package_once(self):
        self.assertEqual(len(self.packages), len(self.document["packages"]))
        for package in self.packages.values():
            with self.subTest(package=package["name"]):
                self.assertLessEqual(OF_PACKAGE, set(package))
                self.assertLessEqual(set(package), OF_PACKAGE | MAYBE_OF_PACKAGE)
                self.assertRegex(package["SPDXID"], IDENTIFIER)
                self.assertFalse(package["filesAnalyzed"])
                for reference in package.get("externalRefs", []):
                    self.assertEqual((reference["referenceCategory"], reference["referenceType"]),
                                     ("PACKAGE-MANAGER", "purl"))
                    self.assertRegex(reference["referenceLocator"], PURL)
                for checksum in package.get("checksums", []):
                    self.assertEqual(checksum["algorithm"], "SHA256")
                    self.assertRegex(checksum["checksumValue"], r"^[0-9a-f]{64}$")

    def test_relates_each_package_to_the_program(self):
        related = set()
        for one in self.document["relationships"]:
            self.assertIn(one["relationshipType"], RELATIONSHIPS)
            related |= {one["spdxElementId"], one["relatedSpdxElement"]}
        self.assertEqual(related, set(self.packages) | {"SPDXRef-DOCUMENT"})

    def test_has_the_packages_of_the_build(self):
        self.assertEqual(self.names("BUILD_DEPENDENCY_OF"),
                         set(lines_of("tools/packages", "list", "build")))

    @harness.requires("dpkg-query")
    def test_has_the_versions_that_are_installed(self):
        for package in self.packages.values():
            if package["name"] != "tcpgoon":
                with self.subTest(package=package["name"]):
                    version, *_ = lines_of("dpkg-query", "-W", "-f", "${Version}\n",
                                           package["name"])
                    self.assertEqual(package["versionInfo"], version)

    @harness.requires("readelf", "dpkg-query")
    def test_has_the_libraries_of_the_program_and_no_other(self):
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]",
                                "\n".join(lines_of("readelf", "-d", harness.TCPGOON))))
        paths = {line.split(" => ")[0].split()[0]: line.split(" => ")[1].split(" (")[0]
                 for line in lines_of("ldd", harness.TCPGOON) if " => " in line}
        owners = set()
        for soname in needed:
            # Where / and /usr are one, dpkg knows one of the two names.
            path = paths[soname].removeprefix("/usr")
            found = subprocess.run(["dpkg-query", "-S", path, f"/usr{path}"], capture_output=True,
                                   text=True, check=False).stdout
            owners.add(found.partition(":")[0])
        self.assertEqual(self.names("DYNAMIC_LINK"), owners)

    def test_has_what_was_embedded(self):
        self.assertEqual(self.names("CONTAINS"), {"libjs-chart.js"})

    def test_says_the_licence_of_all_that_is_in_the_program(self):
        inside = [self.packages["SPDXRef-tcpgoon"]] + [
            package for package in self.packages.values() if "packageFileName" in package]
        for package in inside:
            self.assertEqual(package["licenseDeclared"], "MIT", package)
            self.assertIn("Copyright", package["copyrightText"])

    def test_is_the_same_each_time(self):
        header = f"{BUILD}/src/version.h"
        env = dict(os.environ, SOURCE_DATE_EPOCH="1")
        first, second = (subprocess.run([f"{harness.SOURCE}/tools/sbom", header, "shared", header],
                                        capture_output=True, check=True, cwd=place, env=env).stdout
                         for place in (harness.SOURCE, "/"))
        self.assertEqual(first, second)
        self.assertIn(b'"created": "1970-01-01T00:00:01Z"', first)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()

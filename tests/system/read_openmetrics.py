# SPDX-License-Identifier: MIT
"""Prints the samples of a file as JSON, as the OpenMetrics parser of Prometheus' client has them.

Usage: read_openmetrics.py FILE
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_older


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        text = file.read()
    families = list(read_openmetrics(text))
    samples = [(sample.name, sample.labels, sample.value)
               for family in families for sample in family.samples]
    # The format of the textfile collector, where a # UNIT is a comment.
    older = [(sample.name, sample.labels, sample.value)
             for family in read_older(text) for sample in family.samples]
    assert samples == older, (samples, older)
    assert all(family.documentation for family in families)
    json.dump({"samples": samples, "types": {family.name: family.type for family in families},
               "units": {family.name: family.unit for family in families}}, sys.stdout)


main()

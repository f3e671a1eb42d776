# SPDX-License-Identifier: MIT
"""Reads a line of OTLP's JSON by its own messages, strictly, and prints what it has as JSON.

Usage: read_otlp.py FILE PROTO_DIRECTORY
"""

import json
import subprocess
import sys
import tempfile

from google.protobuf import json_format

SERVICE = "opentelemetry/proto/collector/metrics/v1/metrics_service.proto"


def compile_messages(protos, directory):
    """The class of the request, as protoc makes it."""
    files = [SERVICE] + [f"opentelemetry/proto/{name}/v1/{name}.proto"
                         for name in ("metrics", "common", "resource")]
    subprocess.run(["protoc", "-I", protos, f"--python_out={directory}", *files], check=True)
    sys.path.insert(0, directory)
    # pylint: disable=import-outside-toplevel,import-error
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
    return metrics_service_pb2.ExportMetricsServiceRequest


def attributes_of(item):
    return {attribute.key: attribute.value.string_value for attribute in item.attributes}


def point_of(point, kind):
    told = {"attributes": attributes_of(point), "start": point.start_time_unix_nano,
            "end": point.time_unix_nano}
    if kind != "exponential_histogram":
        told["value"] = getattr(point, point.WhichOneof("value"))
        return told
    # Buckets of the scale: base^index < value <= base^(index + 1).
    base = 2 ** (2 ** -point.scale)
    offset = point.positive.offset
    buckets = [(base ** (offset + i), base ** (offset + i + 1), count)
               for i, count in enumerate(point.positive.bucket_counts)]
    return {**told, "count": point.count, "sum": point.sum, "min": point.min, "max": point.max,
            "zero_count": point.zero_count, "scale": point.scale, "buckets": buckets}


def metric_of(metric):
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    return {"kind": kind, "unit": metric.unit, "description": metric.description,
            "temporality": getattr(data, "aggregation_temporality", 0),
            "monotonic": getattr(data, "is_monotonic", False),
            "points": [point_of(point, kind) for point in data.data_points]}


def contains(whole, part):
    """Whether all of `part` is in `whole`; defaults are left out of it."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], item) for key, item in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        line, = file
    with tempfile.TemporaryDirectory() as directory:
        request = compile_messages(sys.argv[2], directory)()
    json_format.Parse(line, request, ignore_unknown_fields=False)
    # What the mapping has under the same names and kinds of values comes back the same.
    again = json_format.MessageToDict(request, use_integers_for_enums=True)
    assert contains(json.loads(line), again), again
    resource, = request.resource_metrics
    scope, = resource.scope_metrics
    metrics = {metric.name: metric_of(metric) for metric in scope.metrics}
    assert len(metrics) == len(scope.metrics)
    json.dump({"resource": attributes_of(resource.resource), "scope": scope.scope.name,
               "metrics": metrics}, sys.stdout)


main()

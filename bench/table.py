# SPDX-License-Identifier: MIT
"""Measurements to medians, ratios to the floor within a round, and a Markdown table."""

import statistics

FLOOR = "floor"
# Below this the noise of a machine's free memory is larger than what connections take.
MEMORY_FROM = 10000


def count(run):
    """What a figure for each connection is divided by."""
    return run.get("opened", run["asked"])


def per_connection(run, key):
    return run[key] / count(run) if run.get(key) is not None else None


def memory_per_connection(run, key):
    return per_connection(run, key) if run["asked"] >= MEMORY_FROM else None


FIGURES = {
    "wall_s": lambda run: run["wall_ns"] / 1e9,
    "rate_per_s": lambda run: count(run) / (run["wall_ns"] / 1e9),
    "cpu_dial_us": lambda run: scaled(per_connection(run, "cpu_dial_ns"), 1e-3),
    "cpu_whole_us": lambda run: scaled(per_connection(run, "cpu_whole_ns"), 1e-3),
    "whole_s": lambda run: run["whole_ns"] / 1e9,
    "peak_bytes": lambda run: run["peak_bytes"],
    "processes": lambda run: run["processes"],
    "slab_bytes": lambda run: memory_per_connection(run, "slab_bytes"),
    "available_bytes": lambda run: memory_per_connection(run, "available_bytes"),
    "tcp_buffer_bytes": lambda run: memory_per_connection(run, "tcp_buffer_bytes"),
}
RATIOS = ("wall_s", "cpu_dial_us", "cpu_whole_us")


def scaled(value, factor):
    return None if value is None else value * factor


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def complete(runs):
    return [run for run in runs if run["stopped"] is None]


def ratios(runs, floor_runs, figure):
    """To the floor of the same round."""
    floor = {run["round"]: figure(run) for run in complete(floor_runs)}
    return [figure(run) / floor[run["round"]] for run in complete(runs)
            if floor.get(run["round"]) and figure(run) is not None]


def user_bytes(runs, baseline):
    """Memory beyond that of the same program with one connection, for each connection."""
    if baseline is None or "user_bytes" not in baseline:
        return None
    return median((run["user_bytes"] - baseline["user_bytes"]) / run["asked"]
                  for run in complete(runs)
                  if "user_bytes" in run and run["asked"] >= MEMORY_FROM)


def summarize(runs, floor_runs, baseline):
    """What one program's rounds at one size come to."""
    good = complete(runs)
    summary = {"rounds": len(good)}
    stopped = [run for run in runs if run["stopped"] is not None]
    if stopped:
        summary["stopped"] = {"established": stopped[0]["established"],
                              "reason": stopped[0]["stopped"], "rounds": len(stopped)}
    if not good:
        return summary
    for name, figure in FIGURES.items():
        summary[name] = median(figure(run) for run in good)
    summary["user_bytes"] = user_bytes(good, baseline)
    for name in RATIOS:
        each = ratios(runs, floor_runs, FIGURES[name])
        summary[f"{name}_ratio"] = median(each)
        summary[f"{name}_ratio_range"] = [min(each), max(each)] if each else None
    return summary


def summaries(runs, baselines):
    """By size, then by program, in the order in which they were measured."""
    sizes = dict.fromkeys(run["asked"] for run in runs)
    names = dict.fromkeys(run["program"] for run in runs)

    def of(name, size):
        return [run for run in runs if run["program"] == name and run["asked"] == size]

    return {size: {name: summarize(of(name, size), of(FLOOR, size), baselines.get(name))
                   for name in names if of(name, size)}
            for size in sizes}


# ---- Markdown ------------------------------------------------------------------------------------

def number(value, digits=0, suffix=""):
    return "" if value is None else f"{value:,.{digits}f}{suffix}"


def ratio(summary, name):
    value, bounds = summary[f"{name}_ratio"], summary[f"{name}_ratio_range"]
    if value is None:
        return ""
    return f"{value:.2f} ({bounds[0]:.2f}-{bounds[1]:.2f})"


def escaped(text):
    return text.replace("|", "\\|").replace("\n", " ")


COLUMNS = (
    ("program", lambda s: s["title"]),
    ("wall, s", lambda s: number(s["wall_s"], 3)),
    ("connections/s", lambda s: number(s["rate_per_s"])),
    ("CPU to open, µs", lambda s: number(s["cpu_dial_us"], 1)),
    ("× floor", lambda s: ratio(s, "cpu_dial_us")),
    ("CPU in all, µs", lambda s: number(s["cpu_whole_us"], 1)),
    ("peak memory, MB", lambda s: number(s["peak_bytes"] / 1e6, 1)),
    ("processes", lambda s: number(s["processes"])),
    ("user B", lambda s: number(s["user_bytes"])),
    ("kernel B, both ends", lambda s: number(s["slab_bytes"])),
)


def row(summary):
    if summary["rounds"] == 0:
        stopped = summary["stopped"]
        text = f"stopped at {stopped['established']:,}: {stopped['reason']}"
        return f"| {summary['title']} | {escaped(text)} |" + " |" * (len(COLUMNS) - 2)
    return "| " + " | ".join(cell(summary) for _, cell in COLUMNS) + " |"


def footnotes(of_size):
    for summary in of_size.values():
        if summary["rounds"] > 0 and "stopped" in summary:
            stopped = summary["stopped"]
            yield (f"{summary['title']} did not open all in {stopped['rounds']} rounds, "
                   f"which do not count: {stopped['established']:,}, {stopped['reason']}")


def markdown(report):
    """The whole report as text; `report` is what the JSON holds."""
    machine = report["machine"]
    lines = [f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_bytes'] / 2**30:.0f} GiB; "
             f"Linux {machine['kernel']}; `ulimit -n` {machine['nofile']}; "
             f"{report['tcpgoon_version']}; {report['date']}.", ""]
    for size, of_size in report["sizes"].items():
        rounds = max(summary["rounds"] for summary in of_size.values())
        lines += [f"### {int(size):,} connections, {rounds} round{'s' * (rounds != 1)}", "",
                  "| " + " | ".join(title for title, _ in COLUMNS) + " |",
                  "|" + "---|" + "---:|" * (len(COLUMNS) - 1)]
        lines += [row(summary) for summary in of_size.values()]
        notes = list(footnotes(of_size))
        lines += [""] + [f"{escaped(note)}." for note in notes] + ([""] if notes else [])
    notes = [f"- {title}: {note}." for title, note in report["notes"].items()]
    notes += [f"- {name}: {why}." for name, why in report["missing"].items()]
    return "\n".join(lines + notes) + "\n"

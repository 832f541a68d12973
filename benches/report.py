#!/usr/bin/env python3
"""Writes the tables of BENCHMARKS.md and its chart from the figures in `results/`.

    python3 benches/report.py

`peers.json`, `threads.json`, and `debug.json` come from `peers/compare.py`, `rust.tsv` from the benchmarks
in Rust. A table stands between `<!-- NAME -->` and `<!-- end -->`; what surrounds it is left alone.
"""

import csv
import json
import re
from math import exp, log
from pathlib import Path

from chart import draw

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "BENCHMARKS.md"
PEERS = ("ndarray-einsum", "numpy", "torch", "jax", "TBLIS")


def main():
    page = PAGE.read_text()
    peers = load("peers.json")
    threads, debug = load("threads.json"), load("debug.json")
    with (RESULTS / "rust.tsv").open() as file:
        rust = list(csv.reader(file, delimiter="\t"))
    tables = {
        "machine": machine(peers),
        "groups": groups(peers["cases"]),
        "peers": cases(peers["cases"]),
        "threads": compared(threads["cases"], "one thread", lambda one, ours: one / ours, "one thread over two"),
        "debug": compared(debug["cases"], "debug", lambda debug, ours: debug / ours, "debug over release"),
        "compile_time": compile_time(rust),
    }
    for bench in dict.fromkeys(row[0] for row in rust if row[0] != "compile_time"):
        place = "races_threads" if bench == "threads" else bench
        tables[place] = races([row for row in rust if row[0] == bench])
    for name, lines in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert pattern.search(page), f"BENCHMARKS.md has no place for {name}"
        page = pattern.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], page)
    PAGE.write_text(page)
    (RESULTS / "peers.svg").write_text(draw(peers["cases"]))


def load(name):
    return json.loads((RESULTS / name).read_text())


def mean(ratios):
    """The geometric mean."""
    return exp(sum(map(log, ratios)) / len(ratios))


def shown(ratio):
    """A ratio, in bold where einloom is behind."""
    digits = 0 if ratio >= 99.5 else 1 if ratio >= 9.95 else 2 if ratio >= 0.1 else 3
    return f"{ratio:.{digits}f}" if ratio >= 1 else f"**{ratio:.{digits}f}**"


def duration(seconds):
    unit, scale = next((u, s) for u, s in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)) if seconds * s < 1000 or u == "ms")
    return f"{seconds * scale:.3g} {unit}" if seconds * scale < 1000 else f"{seconds * scale:.0f} {unit}"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "".join("---|" if name == "expression" or name == head[0] else "---:|" for name in head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def by_group(cases):
    return {group: [case for case in cases if case["group"] == group] for group in dict.fromkeys(c["group"] for c in cases)}


def machine(peers):
    locked = dict(re.findall(r'name = "(.*?)"\nversion = "(.*?)"', (HERE / "Cargo.lock").read_text()))
    crates = {name: locked[name] for name in ("faer", "matrixmultiply", "nalgebra", "ndarray")}
    versions = peers["versions"] | crates
    return [
        f"- processor: {peers['processor']}; {peers['cores']} cores of a shared virtual machine",
        f"- compiler: {peers['compiler']}, `--release` without further flags",
        "- peers: " + ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]


def groups(cases):
    head = ("group", "cases", "best peer, mean", "best peer, worst", *(f"{peer}, mean" for peer in PEERS), "loops, mean")

    def row(group, members):
        ratios = [case["ratio"] for case in members]
        means = []
        for peer in (*PEERS, "loops"):
            over = [c["seconds"][peer] / c["seconds"]["einloom"] for c in members if peer in c["seconds"]]
            means.append(shown(mean(over)) if over else "")
        return (group, str(len(members)), shown(mean(ratios)), shown(min(ratios)), *means)

    return table(head, (row(*entry) for entry in by_group(cases).items()))


def cases(cases):
    def row(case):
        ours = case["seconds"]["einloom"]
        over = [shown(case["seconds"][peer] / ours) if peer in case["seconds"] else "" for peer in (*PEERS, "loops")]
        return (f"{case['id']} {case['type']}", f"`{case['expression']}`", duration(ours), shown(case["ratio"]), *over)

    return table(("case", "expression", "einloom", "best peer", *PEERS, "loops"), map(row, cases))


def compared(cases, other, ratio, name):
    """einloom under two conditions: mean, least, and greatest ratio of each group."""

    def row(group, members):
        ratios = {c["id"]: ratio(c["seconds"][other], c["seconds"]["einloom"]) for c in members}
        least, most = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
        return (group, f"{mean(ratios.values()):.2f}", f"{ratios[least]:.2f} ({least})", f"{ratios[most]:.2f} ({most})")

    head = ("group", f"{name}, mean", "least", "greatest")
    return table(head, (row(*entry) for entry in by_group(cases).items()))


def races(rows):
    """A row a case, a column a contestant."""
    names = list(dict.fromkeys(row[3] for row in rows))
    found = {}
    for _, case, seconds, name, ratio in rows:
        found.setdefault((case, float(seconds)), {})[name] = float(ratio)
    lines = ((case, duration(s), *(shown(r[n]) if n in r else "" for n in names)) for (case, s), r in found.items())
    return table(("case", "einloom", *names), lines)


def compile_time(rows):
    seconds = {row[1]: float(row[2]) for row in rows if row[0] == "compile_time"}
    kinds = [case.removeprefix("release ") for case in seconds if case.startswith("release ")]
    milliseconds = lambda case: f"{seconds[case] * 1e3:.1f}" if case in seconds else ""
    yield f"A clean release build of einloom with its dependencies takes {seconds['clean build']:.1f} s."
    yield ""
    yield from table(
        ("kind", "release, ms a call", "debug, ms a call"),
        ((kind.replace("_", " "), *(milliseconds(f"{p} {kind}") for p in ("release", "debug"))) for kind in kinds),
    )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs einloom side by side with its peers, in one process, on the same memory.

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    .venv/bin/python benches/peers/compare.py [ID or GROUP ...]

Every case of `cases.tsv` becomes functions of a generated crate, which is built as users build theirs and
loaded beside numpy, torch, jax, and TBLIS. einloom's result is compared with numpy's in double
precision before anything is timed. In each round every contestant runs once; a figure is a median over
the rounds, and the ratio is the time of the fastest peer over einloom's: above 1.00 einloom is ahead.

`--threads 2` lets everybody use two cores, and adds einloom on one. `--debug` compares einloom with
itself, built without optimisation. `--json` writes the figures for `../report.py`.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Seconds before every measurement, and how long to wait at most until all other threads sleep.
PAUSE = 0.02
PATIENCE = 2.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="ids or groups; all cases if none is given")
    parser.add_argument("--cases", default=HERE / "cases.tsv")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, help="for a contestant in a round: 0.02, or 0.1 with several threads")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--folder", type=Path, default=HERE.parents[1] / "target" / "peers", help="for the crate")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # A thread that has slept may be woken on the core of whoever wakes it, and moved a few milliseconds later.
    options.seconds = options.seconds or (0.02 if options.threads == 1 else 0.1)
    return options


def set_threads(count):
    """Must run before any library is loaded: most of them look once."""
    for library in ("RAYON", "OMP", "MKL", "OPENBLAS", "TBLIS"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    os.environ |= {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-count:])


def is_right(case, library):
    """Whether einloom's results are within their bounds."""
    import numpy as np
    from rust import pointers

    expected = case.expected()
    results = [np.full(value.shape, np.nan, case.operands[0].dtype) for value, _ in expected]
    getattr(library, f"result_{case.name}")(pointers(case.operands + [case.cotangent]), pointers(results))
    return all(np.all(np.abs(result - value) <= bound) for result, (value, bound) in zip(results, expected))


def calls_for(run, seconds):
    """How many calls take about so long, after one that warms up."""
    run(1)
    some = max(1, min(100, int(seconds / max(run(1), 1e-9))))
    return max(1, int(seconds * some / max(run(some), 1e-9)))


def rest():
    """Waits until this thread is the only one that runs.

    Threads of whoever came before wait busily for a while (those of OpenBLAS for more than 50 ms), on cores that the next
    one needs.
    """
    time.sleep(PAUSE)
    own, deadline = threading.get_native_id(), time.monotonic() + PATIENCE
    while any(is_running(thread) for thread in os.listdir("/proc/self/task") if int(thread) != own):
        if time.monotonic() > deadline:
            print("threads of other contestants are still busy", file=sys.stderr)
            return
        time.sleep(PAUSE)


def is_running(thread):
    try:
        state = Path(f"/proc/self/task/{thread}/stat").read_text()
    except OSError:  # It has ended.
        return False
    return state.rpartition(")")[2].split()[0] == "R"


def measure(found, rounds, seconds):
    """The median seconds a call of each contestant."""
    calls = {name: calls_for(run, seconds) for name, run in found.items()}
    times = {name: [] for name in found}
    for _ in range(rounds):
        for name, run in found.items():
            rest()
            times[name].append(run(calls[name]) / calls[name])
    return {name: statistics.median(of) for name, of in times.items()}


def conditions(options):
    """What the figures depend on."""
    import re
    import subprocess
    from importlib.metadata import version

    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    vectors = "AVX-512" if "avx512f" in facts.get("flags", "") else "AVX2"
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout
    locked = (options.folder / "Cargo.lock").read_text()
    versions = {name: version(name) for name in ("numpy", "torch", "jax", "pytblis")}
    versions["ndarray-einsum"] = re.search(r'name = "ndarray-einsum"\nversion = "(.*?)"', locked)[1]
    return {
        "processor": f"{facts.get('model name', 'unknown')}, family {facts.get('cpu family', '?')}, {vectors}",
        "cores": os.cpu_count(),
        "compiler": " ".join(compiler.split()[:2]),
        "versions": versions,
        "threads": options.threads,
        "rounds": options.rounds,
    }


def main():
    options = arguments()
    set_threads(options.threads)
    from cases import read
    from contestants import ASIDES, contestants
    from rust import build

    cases = list(read(options.cases, options.only))
    project = HERE.parents[1]
    release = build(cases, project, options.folder)
    debug = build(cases, project, options.folder, debug=True) if options.debug else None
    figures, wrong = [], 0
    for case in cases:
        if not is_right(case, release):
            wrong += 1
            print(f"{case.id:18} WRONG: {case.expression}", flush=True)
            continue
        seconds = measure(contestants(case, release, debug, options.threads), options.rounds, options.seconds)
        ours = seconds["einloom"]
        peers = [time for name, time in seconds.items() if name not in ("einloom", *ASIDES)]
        ratio = min(peers) / ours if peers else None
        shown = "".join(f"  {name} {time / ours:.2f}" for name, time in seconds.items() if name != "einloom")
        best = f"{ratio:7.2f}" if ratio else ""
        print(f"{case.id:18} {case.group:7} {ours * 1e6:11.2f} us {best}  |{shown}", flush=True)
        figures.append(
            {"id": case.id, "group": case.group, "type": case.dtype, "expression": case.expression}
            | {"ratio": ratio, "seconds": seconds}
        )
    if options.json:
        options.json.write_text(json.dumps(conditions(options) | {"cases": figures}, indent=1) + "\n")
    print(f"{len(figures)} timed, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

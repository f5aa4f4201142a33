"""How long ``bayes-a2m report`` takes: one version of the code against another.

Both versions write the same report of the same models on the same recordings, in turns, so that
what else the machine does meets both. CPU time (of the process and its children, in user and
system mode) is given beside the time on the clock: it hardly depends on what else runs.

    python experiments/benchmarks/report.py --old OLD/.venv/bin/python \
        --data ../shared/voice_c4e4g4 --repeats 3 MODEL MODEL MODEL

The models are directories that the old version can read.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Time both versions in turns, and print a table."""
    options = _options()
    versions = {"old": options.old, "new": options.new}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in versions}
    for repeat in range(options.repeats):
        for name, python in versions.items():
            seconds[name].append(_timed(python, options))
            wall, cpu = seconds[name][-1]
            print(f"# {name} {repeat + 1}: {wall:.1f} s, CPU {cpu:.1f} s", file=sys.stderr)
    threads = os.environ.get("OMP_NUM_THREADS", "unset")
    print(
        f"{len(options.models)} models, {options.repeats} runs of each version in turns, ", end=""
    )
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, OMP_NUM_THREADS={threads}\n"
    )
    print("| time, median (lowest to highest) | old | new | old / new |")
    print("|---|---|---|---|")
    for place, what in enumerate(("on the clock", "of the CPU")):
        runs = {name: [pair[place] for pair in pairs] for name, pairs in seconds.items()}
        medians = {name: statistics.median(values) for name, values in runs.items()}
        cells = [
            f"{medians[name]:.1f} s ({min(values):.1f} to {max(values):.1f})"
            for name, values in runs.items()
        ]
        print(f"| {what} | {' | '.join(cells)} | {medians['old'] / medians['new']:.2f} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--old", required=True, help="Python of the old version")
    parser.add_argument("--new", default=sys.executable, help="Python of the new version")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _timed(python: str, options: argparse.Namespace) -> tuple[float, float]:
    """The seconds of one report on the clock, and of the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-m", "bayes_a2m", "report", *map(str, options.models)]
        command += ["--data", str(options.data), "--draws", str(options.draws)]
        command += ["--out", str(Path(folder) / "report")]
        before, start = os.times(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise SystemExit(done.stderr)
    cpu = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    return wall, cpu


if __name__ == "__main__":
    main()

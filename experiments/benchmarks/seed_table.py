"""A table of several seeds of one experiment, from the files ``evaluate --json`` wrote.

    python experiments/benchmarks/seed_table.py reports/crnn/seed_*.json --out reports/crnn

writes ``table.md`` and ``table.csv``: a row a seed with 95 % intervals from resampling
recordings, the mean over seeds, and the same by condition and place without intervals.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from statistics import mean
from typing import Any

from bayes_a2m.files import read_json, write_text

SCORES = (
    "accuracy",
    "macro_f1",
    "nll",
    "brier",
    "ece",
    "classwise_ece",
    "aurc",
    "error_auroc",
    "note_onset_f1_50ms",
    "note_onset_f1_100ms",
    "note_onset_offset_f1",
)
COSTS = ("seconds_per_audio_second", "peak_memory_mb", "parameters", "training_seconds")


def rows(seeds: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Header, seeds, their mean, and the means by condition and place."""
    table = [["", *SCORES, *COSTS]]
    for name, metrics in seeds.items():
        cells = [_interval(metrics["metrics"][s]) for s in SCORES]
        table.append([name, *cells, *(_cost(metrics["cost"][c]) for c in COSTS)])
    table.append(["mean of seeds", *_means([m["metrics"] for m in seeds.values()])])
    first = next(iter(seeds.values()))
    for condition in first["per_condition"]:
        group = [m["per_condition"][condition] for m in seeds.values()]
        table.append([f"mean, {condition}", *_means(group)])
    for key, words in (
        ("near_boundary", "within 50 ms of a boundary"),
        ("away_from_boundary", "away from boundaries"),
        ("without_seen_takes", "takes never seen"),
    ):
        group = [m[key] for m in seeds.values()]
        if all(group):
            table.append([f"mean, {words}", *_means(group)])
    return [row + [""] * (len(table[0]) - len(row)) for row in table]


def markdown(table: list[list[str]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| " + " | ".join(cell.replace("_", " ") for cell in row) + " |" for row in table]
    lines.insert(1, "|---" * len(table[0]) + "|")
    return "\n".join(lines) + "\n"


def _interval(score: dict[str, float]) -> str:
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def _cost(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _means(group: list[dict[str, Any]]) -> list[str]:
    return [
        f"{mean(m[s]['value'] for m in group):.3f}" if group[0][s] is not None else "–"
        for s in SCORES
    ]


def main() -> None:
    """Read the files, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("metrics", nargs="+", type=Path, help="metrics files, one a seed")
    parser.add_argument("--out", type=Path, required=True, help="folder for table.md, table.csv")
    options = parser.parse_args()
    table = rows({path.stem.replace("_", " "): read_json(path) for path in options.metrics})
    write_text(options.out / "table.md", markdown(table))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    write_text(options.out / "table.csv", buffer.getvalue())
    print(markdown(table))


if __name__ == "__main__":
    main()

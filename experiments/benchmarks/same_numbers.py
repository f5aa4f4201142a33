"""Does a change of the code change a number? One version's answers beside another's.

Four models (point, Laplace, ensemble, kNN) are trained by the old version; both versions then
evaluate, compare and transcribe with *those* models, and what they write is compared: every
number of ``metrics.json`` and ``compare.json``, the bytes of MIDI and CSV files, every array of
``predictions.nc``. Then the new version trains the same experiments from the same seeds, and the
weights are compared, to the byte. Times, peak memory and what only the new version writes are left
out.

    python experiments/benchmarks/same_numbers.py --old OLD/.venv/bin/python \
        --data ../shared/voice_c4e4g4 --work /tmp/same_numbers

What was made in ``--work`` is kept and not made again. Exit code 1 where something differs by more
than ``--tolerance``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

QUICK = ("--set", "training.epochs=2")
EXPERIMENTS: dict[str, tuple[str, ...]] = {
    "point": ("crnn", *QUICK),
    "laplace": ("laplace", "--from", "{models}/point", *QUICK),
    "ensemble": ("ensemble", *QUICK, "--set", "posterior.members=2"),
    "knn": ("knn",),
}
"""What is trained, and how; ``{models}`` is the folder of the models."""

NOT_COMPARED = {"cost", "seconds", "training_seconds", "cost_ratio", "version", "format_version"}
"""Keys of results that differ from run to run, or from version to version on purpose."""


def main() -> int:
    """Run the benchmark; 1 where numbers differ."""
    options = _options()
    work: Path = options.work
    old, new = Path(options.old), Path(options.new)
    for name in EXPERIMENTS:
        _train(old, name, work / "old_models", options.data)
    for python, out in ((old, work / "old"), (new, work / "new")):
        _use(python, work / "old_models", options.data, out)
    for name in EXPERIMENTS:
        _train(new, name, work / "new_models", options.data)
    rows = list(_rows(work, options.tolerance))
    print("| what | old and new |\n|---|---|")
    for what, verdict in rows:
        print(f"| {what} | {verdict} |")
    return int(any(verdict not in ("equal", "within tolerance") for _, verdict in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", required=True, help="Python of the old version")
    parser.add_argument("--new", default=sys.executable, help="Python of the new version")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--tolerance", type=float, default=0.0, help="relative, of numbers")
    return parser.parse_args()


def _run(python: Path, *arguments: str | Path) -> None:
    print("$", *arguments, file=sys.stderr)
    command = [str(python), "-m", "bayes_a2m", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")


def _train(python: Path, name: str, models: Path, data: Path) -> None:
    if not (models / name).is_dir():
        words = [word.format(models=models) for word in EXPERIMENTS[name]]
        _run(python, "train", *words, "--data", data, "--out", models / name, "--seed", "3")


def _use(python: Path, models: Path, data: Path, out: Path) -> None:
    """Evaluate, compare and transcribe with models that are there."""
    out.mkdir(parents=True, exist_ok=True)
    songs = [data / "voice_004.wav", data / "voice_205.wav"]
    for name in EXPERIMENTS:
        metrics, predictions = out / f"{name}.json", out / f"{name}.nc"
        if not metrics.is_file():
            arguments = ("--data", data, "--draws", "10", "--raw", "--json", metrics)
            _run(python, "evaluate", models / name, *arguments, "--predictions", predictions)
        if not (out / f"{name}_notes").is_dir():
            _run(python, "transcribe", models / name, *songs, "-o", out / f"{name}_notes")
    if not (out / "compare.json").is_file():
        sides = (models / "laplace", models / "ensemble", "--versus", models / "point")
        _run(python, "compare", *sides, "--data", data, "--json", out / "compare.json")


def _rows(work: Path, tolerance: float) -> Iterator[tuple[str, str]]:
    for old in sorted((work / "old").rglob("*")):
        new = work / "new" / old.relative_to(work / "old")
        if old.suffix == ".json":
            pair = (json.loads(path.read_text(encoding="utf-8")) for path in (old, new))
            yield old.name, _judged(list(_differences(*pair)), tolerance)
        elif old.suffix == ".nc":
            yield old.name, _arrays(old, new, tolerance)
        elif old.suffix in (".mid", ".csv"):
            same = old.read_bytes() == new.read_bytes()
            yield f"{old.parent.name}/{old.name}", "equal" if same else "other bytes"
    for name in EXPERIMENTS:
        digests = {
            hashlib.sha256((work / which / name / "model.safetensors").read_bytes()).hexdigest()
            for which in ("old_models", "new_models")
        }
        yield f"weights of {name}, trained anew", "equal" if len(digests) == 1 else "other weights"


def _differences(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """Where two results differ, and by how much (relative; infinite where it is no number)."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key not in NOT_COMPARED:
                yield from _differences(old[key], new.get(key), f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(*pair, f"{where}[{i}]")
    elif old != new:
        numbers = isinstance(old, int | float) and isinstance(new, int | float)
        yield where, abs(old - new) / max(abs(old), 1e-12) if numbers else math.inf


def _judged(found: list[tuple[str, float]], tolerance: float) -> str:
    if not found:
        return "equal"
    where, most = max(found, key=lambda pair: pair[1])
    return (
        "within tolerance" if most <= tolerance else f"{len(found)} differ, {where} by {most:.2g}"
    )


def _arrays(old: Path, new: Path, tolerance: float) -> str:
    import numpy as np
    import xarray as xr

    with xr.open_dataset(old, engine="h5netcdf") as a, xr.open_dataset(new, engine="h5netcdf") as b:
        found = []
        for name in a.data_vars:
            x, y = a[name].values, b[name].values
            if x.dtype.kind != "f":
                found += [(str(name), math.inf)] * (not np.array_equal(x, y))
            elif not np.array_equal(x, y, equal_nan=True):
                found.append((str(name), float(np.nanmax(np.abs(x - y)))))
    return _judged(found, tolerance)


if __name__ == "__main__":
    sys.exit(main())

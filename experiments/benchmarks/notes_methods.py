"""Does doubt about the network pay off in notes? Ways of inference side by side.

    python experiments/benchmarks/notes_methods.py --data DATA --models models/onset_folds \
        --out reports/notes [--members 3] [--without laptop]

All on one fold (the first of ``notes_out_of_fold.py``, whose networks are taken where they are
there already): point estimate, Laplace and variational posterior of the same network, an ensemble
of it and others, and a network with dropout. Each has a note model of its own, fitted on the tuning
recordings, and is measured on the held-out recordings as they are, and on degraded copies of them
(:data:`COPIES`), on which nothing was fitted. ``--without`` adds a condition never heard: networks
that learn from the others alone, measured on all its recordings, whose clock is then not known,
either. Written: ``methods.json``, ``methods.csv`` and, as tables, ``methods.md``; differences are
paired by recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from notes_out_of_fold import SET, TOLERANCES, fitted, paths, trained

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.cross_validation.folds import folds_of
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.conditions import twins
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.note_calibration import NoteCalibrationStatistics, NoteOutcomes
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.resampling.bootstrap import resample_weights

COPIES = (("noisy", 3.0), ("laptop", 3.0))
"""Conditions and severities of the degraded copies."""

SHOWN = ("note_ece_debiased", "note_brier", "note_auroc", "f1")


def main() -> None:
    """Train what is missing, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--methods", nargs="*", default=list(_settings(3)))
    given = parser.parse_args()
    data = load_folder(given.data, seed=0)
    fold = folds_of(data)[0]
    places = {"held out": fold.held_out}
    places |= {
        f"{name} {severity:g}": twins(fold.held_out, name, severity) for name, severity in COPIES
    }
    rows: dict[str, dict[str, Any]] = {}
    own_conditions = [r.condition for r in fold.held_out]
    start: Posterior | None = None
    for method in given.methods:
        model = _model(method, given, fold.fit, fold.tune, start, "0")
        start = start or model
        note_models = fitted(fold.fit, model.predict(fold.tune), list(fold.tune))
        for place, recordings in places.items():
            rows.setdefault(place, {})[method] = counted(
                model, note_models, recordings, own_conditions
            )
        print(method, flush=True)
    for condition in given.without:
        rest = data.where(lambda r, c=condition: r.condition != c)
        fit, tune = rest.with_tuning_part(0.15, 0)
        unheard = data.where(lambda r, c=condition: r.condition == c)
        start = None
        for method in ("point", "laplace"):
            model = _model(method, given, fit, tune, start, f"without_{condition}")
            start = start or model
            note_models = fitted(fit, model.predict(tune), list(tune))
            rows.setdefault(f"{condition}, never heard", {})[method] = counted(
                model, note_models, unheard, None
            )
    found, lines = {}, ["place,method,tolerance,score,value,low,high,less_point,low,high"]
    for place, methods in rows.items():
        for method, by_tolerance in methods.items():
            for tolerance, counts in by_tolerance.items():
                first = methods["point"][tolerance]
                weights = _weights(len(counts[0]))
                own, base = (_metrics(one, weights, tolerance) for one in (counts, first))
                for name in SHOWN:
                    value, less = _interval(own[name]), _interval(own[name] - base[name])
                    found[f"{place}|{method}|{tolerance:g}|{name}"] = (value, less)
                    cells = [place, method, f"{tolerance:g}", name]
                    numbers = (f"{x:.4f}" for one in (value, less) for x in one)
                    lines.append(",".join(f'"{c}"' if "," in c else c for c in (*cells, *numbers)))
    write_json(given.out / "methods.json", found)
    write_text(given.out / "methods.csv", "\n".join(lines) + "\n")
    write_text(given.out / "methods.md", tables(found))
    print(given.out / "methods.md")


def tables(found: Mapping[str, Any]) -> str:
    """Every score by place and method, as Markdown; bold where it differs from the point's."""
    keys = [tuple(key.split("|")) for key in found]
    lines = []
    for tolerance in dict.fromkeys(key[2] for key in keys):
        heads = ("F1", "note ECE, debiased", "Brier per reference note", "AUROC")
        lines += [f"## Onsets within {round(1000 * float(tolerance))} ms", ""]
        lines += [f"| | | {' | '.join(heads)} |", "|---" * 6 + "|"]
        for place, method in dict.fromkeys(key[:2] for key in keys):
            cells = []
            for name in ("f1", "note_ece_debiased", "note_brier", "note_auroc"):
                (value, low, high), (_, least, most) = found[f"{place}|{method}|{tolerance}|{name}"]
                cell = f"{value:.3f} [{low:.3f}, {high:.3f}]"
                differs = method != "point" and (least > 0 or most < 0)
                cells.append(f"**{cell}**" if differs else cell)
            lines.append(f"| {place} | {method} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _settings(members: int) -> dict[str, tuple[str, ...]]:
    """Settings of every method beside :data:`SET`."""
    return {
        "point": (),
        "laplace": (),
        "variational": (),
        "ensemble": (f"posterior.members={members}", "posterior.jobs=1"),
        "mc_dropout": (),
    }


def _model(
    method: str, given: Any, fit: Dataset, tune: Dataset, start: Posterior | None, name: str
) -> Posterior:
    experiment = load_experiment(
        "crnn" if method == "point" else method, (*SET, *_settings(given.members)[method])
    )
    takes_over = None if method in ("point", "mc_dropout") else start
    return trained(given.models / f"{method}_{name}", experiment, fit, tune, start=takes_over)


def counted(
    model: Posterior,
    note_models: dict[float, NoteModel],
    data: Dataset | Sequence[Recording],
    conditions: list[str] | None,
) -> dict[float, tuple[NoteCalibrationStatistics, NoteStatistics]]:
    """Statistics of the notes of every recording, at every tolerance."""
    predicted = model.predict(data)
    found = {}
    for tolerance in TOLERANCES:
        posteriors = note_posteriors(
            predicted,
            note_models[tolerance],
            np.random.default_rng(0),
            tolerance=tolerance,
            paths_per_draw=paths(predicted),
            conditions=conditions,
        )
        calibration, onsets = [], []
        for i, (r, p) in enumerate(zip(data, posteriors, strict=True)):
            outcomes = NoteOutcomes.of(
                r.notes or (), p.notes, p.probabilities, r.duration, tolerance=tolerance
            )
            calibration.append(NoteCalibrationStatistics.of(outcomes, np.random.default_rng(i)))
            onsets.append(NoteStatistics.of(r.notes or (), list(p.notes), r.duration))
        found[tolerance] = (
            NoteCalibrationStatistics.stack(calibration),
            NoteStatistics.stack(onsets),
        )
    return found


def _weights(count: int) -> np.ndarray:
    return np.vstack([np.ones(count), resample_weights(count, 1000, np.random.default_rng(0))])


def _metrics(
    counts: tuple[NoteCalibrationStatistics, NoteStatistics], weights: np.ndarray, tolerance: float
) -> dict[str, np.ndarray]:
    calibration, onsets = (one.metrics_of(weights) for one in counts)
    return {**calibration, "f1": onsets[f"note_onset_f1_{round(tolerance * 1000)}ms"]}


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return float(values[0]), float(low), float(high)


if __name__ == "__main__":
    main()

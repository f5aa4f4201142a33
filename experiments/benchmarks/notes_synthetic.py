"""Are repeated notes found, and are the probabilities of notes true, where the truth is known?

    python experiments/benchmarks/notes_synthetic.py --models models/synthetic --out reports/notes

A network with an output of onsets learns from synthetic voices (:data:`TRAINING` of them, a part of
which fits the note model), and is measured on :data:`MEASURED` others, of other singers. Their
labels are exact. A *repeat* is a note that follows one of its own pitch; its *gap* is the time from
the end of that one to its onset. F1 of repeats is of onsets within 50 ms:

    2 found / (repeats there are + found + repeats predicted that match nothing)

the last counted by the gap that was predicted. Compared are the output of onsets left out, the
output of onsets, and (``--change``) a network whose second input channel is the change of the
spectrum. Written: ``synthetic.json``, ``synthetic.csv`` (F1 by gap) and ``synthetic_gaps.png``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from notes_out_of_fold import fitted, paths, trained
from report_figures import gap_figure

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.datasets.synthetic import SynthesisSettings, synthesise
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.note_calibration import NoteCalibrationStatistics, NoteOutcomes
from bayes_a2m.metrics.notes import NoteStatistics, audible, matched_pairs
from bayes_a2m.music import Note
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

TRAINING, MEASURED = 120, 500

SET = (
    "network.onsets={weight: 4.0}",
    "training.precision=bf16-mixed",
    "training.epochs=12",
    "training.batch=6",
)
"""Settings beside those of the experiment ``crnn``."""

CHANGE = 6
"""Frames on either side, between which the spectrum changes."""

GAPS = (0.0, 0.04, 0.06, 0.08, 0.12, 0.2, 0.4, 4.0)
"""Edges of the classes of gaps, seconds."""

ASKED = 0.06
"""Repeats with a gap from here on are to be found."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """Repeats of every recording by class of gap, each ``(recording, gap)``."""

    there: np.ndarray
    found: np.ndarray
    extra: np.ndarray

    def f1(self, weights: np.ndarray, first: int, last: int) -> np.ndarray:
        """F1 of the classes ``first`` up to ``last``, of every row of weights."""
        there, found, extra = (
            weights @ one[:, first:last].sum(axis=1) for one in (self.there, self.found, self.extra)
        )
        total = there + found + extra
        return np.divide(2 * found, total, out=np.full(total.shape, np.nan), where=total > 0)


def main() -> None:
    """Sing, train what is missing, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--change", action="store_true")
    given = parser.parse_args()
    learned = sung(TRAINING, seed=0)
    fit, tune = learned.with_tuning_part(0.2, 0)
    measured = sung(MEASURED, seed=1)
    networks: dict[str, tuple[str, ...]] = {"onsets": SET}
    if given.change:
        networks["onsets and change"] = (*SET, f"network.change={CHANGE}")
    found: dict[str, Any] = {"trained": len(fit), "tuned": len(tune), "measured": MEASURED}
    repeats: dict[str, Repeats] = {}
    for name, settings in networks.items():
        experiment = load_experiment("crnn", settings)
        model = trained(given.models / name.replace(" ", "_"), experiment, fit, tune)
        on_tune, predicted = model.predict(tune), model.predict(measured)
        ways = {name: (on_tune, predicted)}
        if name == "onsets":
            plain = [replace(one, onset_log_probs=None) for one in (on_tune, predicted)]
            ways = {"frames only": (plain[0], plain[1]), **ways}
            decoded = [list(t.notes) for t in model.viterbi.decode(plain[1])]
            found["decoder in use before"] = {"onsets": _onsets(measured, decoded)}
            repeats["decoder in use before"] = repeats_of(measured, decoded)
        for way, (some, all_) in ways.items():
            found[way], repeats[way] = scores(fit, tune, measured, some, all_)
            print(way, found[way]["onsets"]["note_onset_f1_50ms"], flush=True)
    weights = np.vstack([np.ones(MEASURED), resample_weights(MEASURED, 1000, _generator())])
    lines = ["way,gap_from,gap_to,repeats,f1,low,high"]
    first = GAPS.index(ASKED)
    for way, one in repeats.items():
        found[way]["repeats"] = _interval(one.f1(weights, first, len(GAPS) - 1))
        for k, (low, high) in enumerate(pairwise(GAPS)):
            f1 = _interval(one.f1(weights, k, k + 1))
            numbers = (one.there[:, k].sum(), *(f1[x] for x in ("value", "low", "high")))
            lines.append(",".join([way, f"{low:g}", f"{high:g}", *(f"{x:.4g}" for x in numbers)]))
    write_json(given.out / "synthetic.json", found)
    write_text(given.out / "synthetic.csv", "\n".join(lines) + "\n")
    style.save(gap_figure(given.out / "synthetic.csv"), given.out / "synthetic_gaps.png")
    print(given.out / "synthetic.json")


def sung(count: int, seed: int) -> Dataset:
    """Synthetic voices; the same seed sings the same."""
    settings = SynthesisSettings(recordings=count, seed=seed)
    recordings = []
    for index in range(count):
        one = synthesise(settings, index).recording
        recordings.append(replace(one, id=f"{seed}-{one.id}", take=f"{seed}-{one.id}"))
    return Dataset(tuple(recordings), settings.vocabulary, f"synthetic {seed}")


def scores(
    fit: Dataset, tune: Dataset, data: Dataset, on_tune: FramePosterior, predicted: FramePosterior
) -> tuple[dict[str, Any], Repeats]:
    """Scores of all notes and of repeats, at 50 ms."""
    # exact labels have one clock, whatever the microphone
    blind = [replace(r, condition="") for r in tune]
    model = fitted(fit, on_tune, blind)[0.05]
    posteriors = note_posteriors(predicted, model, _generator(), paths_per_draw=paths(predicted))
    counts = NoteCalibrationStatistics.stack(
        [
            NoteCalibrationStatistics.of(
                NoteOutcomes.of(r.notes or (), p.notes, p.probabilities, r.duration),
                np.random.default_rng(i),
            )
            for i, (r, p) in enumerate(zip(data, posteriors, strict=True))
        ]
    )
    notes = [list(p.notes) for p in posteriors]
    weights = resample_weights(len(data), 1000, _generator())
    found = {
        "notes": {k: asdict(v) for k, v in intervals(counts.metrics_of, weights).items()},
        "onsets": _onsets(data, notes),
        "test": asdict(counts.test(_generator())),
        "model": model.to_dict(),
    }
    return found, repeats_of(data, notes)


def repeats_of(data: Dataset, notes: Sequence[Sequence[Note]]) -> Repeats:
    """Repeats there are, found, and predicted without being there, by class of gap."""
    shape = (len(data), len(GAPS) - 1)
    there, found, extra = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, (recording, predicted) in enumerate(zip(data, notes, strict=True)):
        truth = audible(recording.notes or (), recording.duration)
        pairs = matched_pairs(truth, predicted, onset_tolerance=0.05)
        matched, right = {a for a, _ in pairs}, {b for _, b in pairs}
        for j, gap in _gaps(truth).items():
            there[i, gap] += 1
            found[i, gap] += j in matched
        for j, gap in _gaps(predicted).items():
            extra[i, gap] += j not in right
    return Repeats(there, found, extra)


def _gaps(notes: Sequence[Note]) -> dict[int, int]:
    """Class of gap of every note that follows one of its own pitch."""
    order = sorted(range(len(notes)), key=lambda i: notes[i])
    return {
        b: int(
            np.clip(
                np.searchsorted(GAPS, notes[b].onset - notes[a].offset + 1e-9, "right") - 1, 0, 6
            )
        )
        for a, b in pairwise(order)
        if notes[a].pitch == notes[b].pitch
    }


def _interval(values: np.ndarray) -> dict[str, float]:
    """The first value, and the interval of the others."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def _onsets(data: Sequence[Recording] | Dataset, notes: Sequence[Sequence[Note]]) -> dict[str, Any]:
    counts = NoteStatistics.stack(
        [
            NoteStatistics.of(r.notes or (), list(own), r.duration)
            for r, own in zip(data, notes, strict=True)
        ]
    )
    weights = resample_weights(len(notes), 1000, _generator())
    return {k: asdict(v) for k, v in intervals(counts.metrics_of, weights).items()}


def _generator() -> np.random.Generator:
    return np.random.default_rng(0)


if __name__ == "__main__":
    main()

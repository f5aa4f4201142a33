"""Can notes be believed? Every recording predicted out of fold, and all that is asked of its notes.

    python experiments/benchmarks/notes_out_of_fold.py --data DATA --models models/onset_folds \
        --out reports/notes [--method laplace] [--frames-only] [--blind]

The folds are those of ``out_of_fold.py``; a network of each, with an output of onsets
(:data:`SET`), is trained where it is missing. A fold's note model learns durations and steps from
its fitting recordings, and its power, its bias per note, its lags by condition, the displacement of
note ends, a slope and the scales of intervals from its tuning recordings, on which neither network
nor durations were fitted; its held-out recordings are only measured.
``--frames-only`` leaves the output of onsets out, ``--blind`` the conditions of the recordings.
Written: ``METHOD.json``, the numbers with 95 % intervals from resampling recordings, beside the
decoder in use before, whose notes have the mean probability of their frames; ``METHOD.csv``, every
note predicted; and of each a figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from report_figures import note_figure

from bayes_a2m.config.experiment import Experiment, load_experiment
from bayes_a2m.cross_validation.folds import out_of_fold
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.conditional_likelihood import Reference, fit_conditional
from bayes_a2m.decoding.note_fitting import FLOOR_WITH_ONSETS, TYPICAL, TYPICAL_WITH_ONSETS
from bayes_a2m.decoding.note_intervals import fit_intervals
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import (
    NoteInference,
    NotePosterior,
    infer_notes,
    note_posteriors,
)
from bayes_a2m.decoding.note_recalibration import fit_recalibration
from bayes_a2m.decoding.release import fit_release
from bayes_a2m.decoding.transcription import Transcription
from bayes_a2m.diagnostics.note_pit import note_pits
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.note_calibration import (
    IntervalStatistics,
    NoteCalibrationStatistics,
    NoteOutcomes,
    overlap_pairs,
    rank_correlation,
)
from bayes_a2m.metrics.notes import NoteStatistics, audible
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

SAMPLES = 300
"""Sampled transcriptions of a recording."""

TOLERANCES = (0.05, 0.1)

SET = ("network.onsets={weight: 4.0}", "training.precision=bf16-mixed")
"""Settings beside those of the experiment."""


@dataclass
class Measured:
    """Held-out recordings, their notes at each tolerance, and the decoder in use before."""

    recordings: list[Recording]
    notes: dict[float, list[NotePosterior]]
    before: list[Transcription]


def main() -> None:
    """Train what is missing, infer, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--method", default="laplace")
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--frames-only", action="store_true")
    parser.add_argument("--blind", action="store_true")
    given = parser.parse_args()
    data = load_folder(given.data, seed=0)
    network = load_experiment("crnn", SET)
    start = None if given.method == "point" else network
    plan = network if start is None else load_experiment(given.method, SET)
    whole = Measured([], {t: [] for t in TOLERANCES}, [])
    models = []
    for fold, model in out_of_fold(data, plan, given.models, start=start, say=print):
        tune, held_out = (model.predict(part, given.draws) for part in (fold.tune, fold.held_out))
        if given.frames_only:
            tune, held_out = (replace(one, onset_log_probs=None) for one in (tune, held_out))
        note_models = fitted(fold.fit, tune, list(fold.tune))
        models.append({f"{t:g}": one.to_dict() for t, one in note_models.items()})
        recordings = list(fold.held_out)
        for tolerance, one in note_models.items():
            whole.notes[tolerance] += note_posteriors(
                held_out,
                one,
                np.random.default_rng(0),
                tolerance=tolerance,
                paths_per_draw=paths(held_out),
                conditions=None if given.blind else [r.condition for r in recordings],
            )
        whole.recordings += recordings
        whole.before += list(model.viterbi.decode(held_out))
        print(f"fold {fold.number}: {len(recordings)} recordings")
    name = given.method + "_frames" * given.frames_only + "_blind" * given.blind
    found = {"method": given.method, "models": models, **measured(whole)}
    write_json(given.out / f"{name}.json", found)
    write_text(given.out / f"{name}.csv", listed(whole))
    write_text(given.out / f"{name}.md", table(found))
    style.save(note_figure(given.out / f"{name}.csv"), given.out / f"{name}_reliability.png")
    style.save(times_figure(whole), given.out / f"{name}_onsets.png")
    print(given.out / f"{name}.json")


def trained(
    path: Path,
    experiment: Experiment,
    fit: Dataset,
    tune: Dataset,
    *,
    start: Posterior | None = None,
) -> Posterior:
    """The model in a folder, or a new one; a training that was interrupted goes on."""
    if path.is_dir():
        return load_model(path)
    work = path.with_name(path.name + ".partial")
    work.mkdir(parents=True, exist_ok=True)
    model = make_posterior(experiment).fit(fit, tune, start=start, workdir=work, resume=True)
    model.save(path)
    return model


def paths(posterior: FramePosterior) -> int:
    """Paths of every draw that make up the samples."""
    return max(1, round(SAMPLES / posterior.draws))


def fitted(
    fit: Dataset, tune: FramePosterior, recordings: Sequence[Recording], *, draws: int = 2
) -> dict[float, NoteModel]:
    """Fit the numbers on the tuning recordings; the slope for each tolerance."""
    base = NoteModel.from_labels(fit.labels_on(tune.grid), len(tune.vocabulary), grid=tune.grid)
    references = [r.notes or () for r in recordings]
    conditions = [r.condition for r in recordings]
    reference = Reference.of_notes(tune, references, conditions)
    with_onsets = tune.onset_log_probs is not None
    prior = TYPICAL_WITH_ONSETS if with_onsets else TYPICAL
    floor = FLOOR_WITH_ONSETS if with_onsets else 0.0
    start = replace(base, power=prior.power, note_bias=prior.note_bias, floor=floor)
    model = fit_conditional(start, reference, by_condition=True, draws=draws, prior=prior)

    def inferred(with_model: NoteModel) -> list[NoteInference]:
        return list(
            infer_notes(
                tune,
                with_model,
                np.random.default_rng(1),
                paths_per_draw=paths(tune),
                conditions=conditions,
            )
        )

    model = fit_release(model, [one.at() for one in inferred(model)], references)
    found = inferred(model)
    models = {}
    for tolerance in TOLERANCES:
        posteriors = [one.at(tolerance) for one in found]
        scaled = fit_intervals(model, posteriors, references)
        models[tolerance] = fit_recalibration(scaled, posteriors, references)
    return models


def measured(whole: Measured) -> dict[str, Any]:
    """All numbers, with intervals, of the new notes and of those before."""
    count = len(whole.recordings)
    weights = resample_weights(count, 1000, np.random.default_rng(0))
    conditions = np.array([r.condition for r in whole.recordings])
    references = [r.notes or () for r in whole.recordings]
    found: dict[str, Any] = {"recordings": count}
    onsets_before = _onsets(whole.recordings, [list(t.notes) for t in whole.before])
    for tolerance, posteriors in whole.notes.items():
        new = _calibration(
            whole.recordings, [(p.notes, p.probabilities) for p in posteriors], tolerance
        )
        old = _calibration(
            whole.recordings,
            [(t.notes, t.frame_probabilities) for t in whole.before],
            tolerance,
        )
        onsets = _onsets(whole.recordings, [list(p.notes) for p in posteriors])
        name = f"note_onset_f1_{round(tolerance * 1000)}ms"
        scores = [float(onsets.select([i]).metrics_of([[1]])[name][0]) for i in range(count)]
        forecast = rank_correlation(
            [p.expected_f1 for p in posteriors], scores, np.vstack([np.ones(count, int), weights])
        )
        found[f"{tolerance:g}"] = {
            "notes": _scores(new.metrics_of, weights),
            "before": _scores(old.metrics_of, weights),
            "brier_gain": _scores(
                lambda w, new=new, old=old: {
                    "note_brier": new.metrics_of(w)["note_brier"] - old.metrics_of(w)["note_brier"]
                },
                weights,
            ),
            "onsets": _scores(onsets.metrics_of, weights),
            "onsets_gain": _scores(
                lambda w, onsets=onsets: {
                    k: v - onsets_before.metrics_of(w)[k] for k, v in onsets.metrics_of(w).items()
                },
                weights,
            ),
            "test": asdict(new.test(np.random.default_rng(0))),
            "reliability": {
                k: [None if np.isnan(x) else float(x) for x in v]
                for k, v in new.reliability().items()
            },
            "forecast": {
                "value": float(forecast[0]),
                "low": float(np.nanquantile(forecast[1:], 0.025)),
                "high": float(np.nanquantile(forecast[1:], 0.975)),
            },
        }
    posteriors = whole.notes[TOLERANCES[0]]
    for time in ("onset", "offset"):
        held = IntervalStatistics.stack(
            [
                IntervalStatistics.of(
                    r.notes or (),
                    p.notes,
                    [getattr(h, f"{time}_interval") for h in p.hypotheses],
                    r.duration,
                    time=time,
                )
                for r, p in zip(whole.recordings, posteriors, strict=True)
            ]
        )
        widths = [
            float(np.subtract(*getattr(h, f"{time}_interval")[::-1]))
            for p in posteriors
            for h in p.hypotheses
        ]
        found[f"{time}_intervals"] = {
            "median_width": float(np.nanmedian(widths)),
            "all": _scores(held.metrics_of, weights),
            **{
                name: _scores(
                    held.select(conditions == name).metrics_of,
                    resample_weights(
                        int((conditions == name).sum()), 1000, np.random.default_rng(0)
                    ),
                )
                for name in sorted(set(conditions))
            },
        }
    found["pit"] = {
        name: {"ks": one.ks()[0], "p": one.ks()[1], "shape": one.shape()}
        for name, one in note_pits(posteriors, references, np.random.default_rng(0)).items()
    }
    return found


def table(found: dict[str, Any]) -> str:
    """The numbers that are asked for, as Markdown."""

    def cell(one: dict[str, Any]) -> str:
        return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"

    lines = [
        f"{found['recordings']} recordings; 95 % intervals from resampling recordings.",
        "",
        "| onset within | 50 ms | 50 ms, decoder before | 100 ms | 100 ms, decoder before |",
        "|---|---|---|---|---|",
    ]
    near, wide = (found[f"{t:g}"] for t in TOLERANCES)
    for name in near["notes"]:
        cells = [cell(one[who][name]) for one in (near, wide) for who in ("notes", "before")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    f1 = []
    for one, name in zip((near, wide), ("50ms", "100ms"), strict=True):
        own, gain = (one[key][f"note_onset_f1_{name}"] for key in ("onsets", "onsets_gain"))
        f1 += [cell(own), f"new − before {cell(gain)}"]
    lines.append(f"| onset F1 | {' | '.join(f1)} |")
    rest = []
    for one in (near, wide):
        rest += [f"new − before {cell(one['brier_gain']['note_brier'])}", ""]
    lines.append(f"| Brier per reference note | {' | '.join(rest)} |")
    tests = [f"{one['test']['ks_p']:.3f}, {one['test']['kuiper_p']:.3f}" for one in (near, wide)]
    lines.append(f"| p of the clustered tests (KS, Kuiper) | {tests[0]} | | {tests[1]} | |")
    forecasts = [cell(one["forecast"]) for one in (near, wide)]
    lines.append(f"| rank correlation of the forecast | {forecasts[0]} | | {forecasts[1]} | |")
    lines += ["", "| 90 % intervals | coverage, onsets | width, s | coverage, ends | width, s |"]
    lines.append("|---|---|---|---|---|")
    both = [found[f"{time}_intervals"] for time in ("onset", "offset")]
    for name in [key for key in both[0] if key != "median_width"]:
        cells = [cell(one[name][what]) for one in both for what in ("coverage", "width")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    medians = [f"| | {one['median_width']:.3f} " for one in both]
    lines.append(f"| median width {''.join(medians)}|")
    lines += ["", "| transform (PIT) | KS | p | shape |", "|---|---|---|---|"]
    for name, one in found["pit"].items():
        lines.append(f"| {name} | {one['ks']:.3f} | {one['p']:.4f} | {one['shape']} |")
    return "\n".join(lines) + "\n"


def listed(whole: Measured) -> str:
    """Every note predicted, a line each, as CSV: what came of it at both tolerances."""
    columns = (
        "recording,condition,tolerance,onset,offset,pitch,probability,right,"
        "onset_low,onset_high,data,network,clock"
    )
    lines = [columns]
    for tolerance, posteriors in whole.notes.items():
        for r, one in zip(whole.recordings, posteriors, strict=True):
            outcomes = NoteOutcomes.of(
                r.notes or (), one.notes, one.probabilities, r.duration, tolerance=tolerance
            )
            for h, right in zip(one.hypotheses, outcomes.right, strict=True):
                numbers = (
                    h.onset,
                    h.offset,
                    h.probability,
                    *h.onset_interval,
                    *vars(h.doubt).values(),
                )
                t0, t1, p, low, high, *doubt = (f"{x:.4f}" for x in numbers)
                cells = (r.id, r.condition, f"{tolerance:g}", t0, t1, str(h.pitch), p)
                lines.append(",".join((*cells, str(int(right)), low, high, *doubt)))
    return "\n".join(lines) + "\n"


def times_figure(whole: Measured) -> Figure:
    """Onset errors of notes matched by pitch and overlap, by condition."""
    figure = style.new_figure(style.WIDTH, 2.8)
    axes = figure.subplots()
    errors: dict[str, list[float]] = {}
    for r, one in zip(whole.recordings, whole.notes[TOLERANCES[0]], strict=True):
        truth = audible(r.notes or (), r.duration)
        for i, j in overlap_pairs(truth, one.notes):
            errors.setdefault(r.condition, []).append(1000 * (one.notes[j].onset - truth[i].onset))
    looks = style.looks(len(errors))
    for look, (name, values) in zip(looks, sorted(errors.items()), strict=True):
        axes.hist(
            np.clip(values, -200, 200),
            np.arange(-200, 201, 10),
            histtype="step",
            label=name,
            color=look.colour,
            lw=1.4,
        )
    for edge in (-50, 50):
        axes.axvline(edge, color=style.SILENCE, lw=0.8, ls=":")
    style.dress(axes, x="predicted − labelled onset (ms, clipped at ±200)", y="notes", grid=True)
    axes.legend(frameon=False, fontsize=style.TICK)
    figure.tight_layout(pad=0.4)
    return figure


def _calibration(
    recordings: Sequence[Recording], notes: Sequence[tuple[Any, Any]], tolerance: float
) -> NoteCalibrationStatistics:
    return NoteCalibrationStatistics.stack(
        [
            NoteCalibrationStatistics.of(
                NoteOutcomes.of(
                    r.notes or (), own, np.clip(p, 0, 1), r.duration, tolerance=tolerance
                ),
                np.random.default_rng(i),
            )
            for i, (r, (own, p)) in enumerate(zip(recordings, notes, strict=True))
        ]
    )


def _onsets(recordings: Sequence[Recording], notes: Sequence[list[Any]]) -> NoteStatistics:
    return NoteStatistics.stack(
        [
            NoteStatistics.of(r.notes or (), own, r.duration)
            for r, own in zip(recordings, notes, strict=True)
        ]
    )


def _scores(statistic: Any, weights: Any) -> dict[str, Any]:
    return {name: asdict(one) for name, one in intervals(statistic, weights).items()}


if __name__ == "__main__":
    main()

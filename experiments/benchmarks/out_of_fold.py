"""Can frames be believed? Every recording predicted out of fold, and all of its calibration.

    python experiments/benchmarks/out_of_fold.py --data DATA --models models/folds \
        --out reports/calibration

Five folds by take, stratified by condition; a fold's network (experiment ``crnn``) and its
posterior (``--method``, started from the network) are fitted and recalibrated on the rest alone.
Models that are in ``--models`` are not trained again. Written: ``out_of_fold.json`` (what
``metrics.json`` holds, the folds' recalibrations, conformal splits), ``table.md``, and figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bayes_a2m.calibration.conformal import ConformalSets, SetStatistics, by_recording
from bayes_a2m.calibration.selection import candidates, choose, recalibrated
from bayes_a2m.calibration.selective import AcceptStatistics, accept, thresholds
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.cross_validation.folds import out_of_fold
from bayes_a2m.datasets import load_folder
from bayes_a2m.diagnostics.calibration_summary import calibration_summary, trust
from bayes_a2m.diagnostics.ecdf import ecdfs_of
from bayes_a2m.diagnostics.pit import pits
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.slices import (
    by_boundary,
    by_level,
    by_run_length,
    level_of,
    slice_statistics,
)
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.reporting import style
from bayes_a2m.reporting.ecdf import ecdf_caption, ecdf_figure
from bayes_a2m.reporting.pit import pit_caption, pit_figure
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

SPLITS = 200
LEVELS = (0.95, 0.99)


def main() -> None:
    """Train what is missing, predict, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--method", default="laplace")
    parser.add_argument("--draws", type=int, default=30)
    given = parser.parse_args()
    data = load_folder(given.data, seed=0)
    network = load_experiment("crnn")
    experiment = load_experiment(given.method)
    names = data.vocabulary.names

    raw, after, labels, recordings, folds = [], [], [], [], []
    notes, accepted, forced = [], [], {name: [] for name in candidates()}
    start = None if given.method == "point" else network
    plan = network if start is None else experiment
    for fold, model in out_of_fold(data, plan, given.models, start=start, say=print):
        before = model.predict(fold.held_out, given.draws, raw=True)
        post = recalibrated(before, model.calibrator.recalibration)
        truths = [r.labels(post.grid, post.vocabulary) for r in fold.held_out]
        decoded = model.viterbi.decode(post)
        for i, r in enumerate(fold.held_out):
            notes.append(NoteStatistics.of(r.notes or (), decoded[i].notes, r.duration))
        chosen = accept(model.calibrator.accepted, 0.05, confidence=0.9, resamples=10)
        here = AcceptStatistics.stack(
            [AcceptStatistics.of(post.of(i), truths[i]) for i in range(len(post))]
        )
        accepted.append((here, chosen.threshold))
        tune = model.predict(fold.tune, given.draws, raw=True)
        tune_truths = [r.labels(post.grid, post.vocabulary) for r in fold.tune]
        for name in candidates():
            one = choose(tune, tune_truths, methods=(name,)).recalibration
            forced[name] += [
                FrameStatistics.of(one.apply(before.of(i)), truths[i]) for i in range(len(post))
            ]
        folds.append(
            {
                "fold": fold.number,
                "fitted": len(fold.fit),
                "tuned": len(fold.tune),
                "held_out": len(fold.held_out),
                "recalibration": model.calibrator.choice.to_dict(),
                "accept_threshold": chosen.threshold,
            }
        )
        raw.append(before)
        after.append((post, model.viterbi))
        labels += truths
        recordings += list(fold.held_out)
        print(f"fold {fold.number}: {folds[-1]['recalibration']['method']}")

    whole = _together([post for post, _ in after])
    counts = _counts(whole, labels)
    counts_raw = _counts(_together(raw), labels)
    conditions = np.array([r.condition for r in recordings])
    takes = np.array([r.take for r in recordings])
    generator = np.random.default_rng(0)
    weights = resample_weights(len(counts), 1000, generator)
    found: dict[str, Any] = {
        "method": given.method,
        "recordings": len(counts),
        "draws": whole.draws,
        "folds": folds,
        "metrics": _scores(counts.metrics_of, weights),
        "notes": _scores(NoteStatistics.stack(notes).metrics_of, weights),
        "raw": _scores(counts_raw.metrics_of, weights),
        "gain": _scores(
            lambda w: {
                name: value - counts_raw.metrics_of(w)[name]
                for name, value in counts.metrics_of(w).items()
            },
            weights,
        ),
        "per_class": _by_class(counts, names, weights),
        "calibration": calibration_summary(counts, names).to_dict(),
        "raw_calibration": calibration_summary(counts_raw, names).to_dict(),
        "trust": {n: t.to_dict() for n, t in zip(names, trust(counts, weights), strict=True)},
        "each_recalibration": {
            name: _summary(FrameStatistics.stack(parts), names) for name, parts in forced.items()
        },
        "by_place": _places(whole, labels, recordings, conditions, takes, counts, names),
        "conformal": _conformal(whole, labels, conditions, names),
        "accept": _accept(accepted),
    }
    write_json(given.out / "out_of_fold.json", found)
    write_text(given.out / "table.md", _table(found, names))
    _figures(given.out, whole, labels, after, counts, names, accepted)
    print(given.out / "table.md")


def _together(parts: list[FramePosterior]) -> FramePosterior:
    """The recordings of all folds as one posterior; a fold's draws are its own model's."""
    arrays, ids = [], []
    for post in parts:
        arrays += [post.log_probs[:, :, i, : post.lengths[i]] for i in range(len(post))]
        ids += list(post.ids)
    return FramePosterior.of_recordings(arrays, ids, parts[0].vocabulary, parts[0].grid)


def _counts(post: FramePosterior, labels: list[Any]) -> FrameStatistics:
    return FrameStatistics.stack(
        [FrameStatistics.of(post.of(i), labels[i]) for i in range(len(post))]
    )


def _scores(statistic: Any, weights: Any) -> dict[str, Any]:
    return {name: vars(one) for name, one in intervals(statistic, weights).items()}


def _by_class(counts: FrameStatistics, names: Any, weights: Any) -> dict[str, Any]:
    from bayes_a2m.resampling.bootstrap import intervals_by_class

    found = intervals_by_class(counts.per_class_of, weights)
    return {
        name: {score: vars(one) for score, one in found[k].items()} for k, name in enumerate(names)
    }


def _summary(counts: FrameStatistics, names: Any) -> dict[str, Any]:
    """Value and tests of a set of counts, in brief."""
    weights = resample_weights(len(counts), 1000, np.random.default_rng(0))
    more = calibration_summary(counts, names, resamples=10)
    return {
        **_scores(counts.quick_metrics_of, weights),
        "ks_p": {name: more.per_class[name].test.ks_p for name in names},
        "classwise": {
            name: one["classwise_ece"] for name, one in _by_class(counts, names, weights).items()
        },
    }


def _places(
    post: FramePosterior,
    labels: list[Any],
    recordings: list[Any],
    conditions: Any,
    takes: Any,
    counts: FrameStatistics,
    names: Any,
) -> dict[str, Any]:
    grid = post.grid
    levels = [
        level_of(r.audio(grid.sample_rate), grid, len(y))
        for r, y in zip(recordings, labels, strict=True)
    ]
    parted = {
        "boundary": slice_statistics(post, labels, lambda i: by_boundary(labels[i], grid)),
        "run length": slice_statistics(post, labels, lambda i: by_run_length(labels[i], grid)),
        "level": slice_statistics(post, labels, lambda i: by_level(levels[i])),
        "condition": {name: counts.select(conditions == name) for name in sorted(set(conditions))},
        "take": {name: counts.select(takes == name) for name in sorted(set(takes) - {""})},
    }
    return {
        kind: {
            place: {
                "frames": int(one.frames.sum()),
                "recordings": int((one.frames > 0).sum()),
                **_summary(one, names),
            }
            for place, one in places.items()
            if one.frames.any()
        }
        for kind, places in parted.items()
    }


def _conformal(
    post: FramePosterior, labels: list[Any], conditions: Any, names: Any
) -> dict[str, Any]:
    """Half of the recordings calibrate, half are covered, at random, many times."""
    parts = by_recording([post.of(i) for i in range(len(post))], labels)
    generator = np.random.default_rng(1)
    found: dict[str, Any] = {}
    halves = [generator.permutation(len(parts)) for _ in range(SPLITS)]
    for level in LEVELS:
        for way in ("recordings", "pooled"):
            coverage, recording, sizes, by_condition = [], [], [], []
            for order in halves:
                tuned, fresh = np.array_split(order, 2)
                sets = ConformalSets.calibrate(
                    [parts[i][0] for i in tuned],
                    [parts[i][1] for i in tuned],
                    level=level,
                    way=way,
                )
                counts = SetStatistics.stack(
                    [SetStatistics.of(sets.sets(parts[i][0]), parts[i][1]) for i in fresh]
                )
                scores = counts.per_class_of(np.ones((1, len(counts))))
                coverage.append(scores["coverage"][0])
                recording.append(scores["recording_coverage"][0])
                sizes.append(scores["size"][0])
                by_condition.append(
                    [
                        [
                            counts.select(conditions[fresh] == c).metrics_of(
                                np.ones((1, int((conditions[fresh] == c).sum())))
                            )[what][0]
                            for what in ("coverage", "size")
                        ]
                        for c in sorted(set(conditions))
                    ]
                )
            means = np.nanmean(by_condition, axis=0)
            found[f"{level:g} {way}"] = {
                "per_class": {
                    name: {
                        "coverage": float(np.mean(coverage, axis=0)[k]),
                        "worst_twentieth": float(np.quantile(coverage, 0.05, axis=0)[k]),
                        "recording_coverage": float(np.mean(recording, axis=0)[k]),
                        "size": float(np.mean(sizes, axis=0)[k]),
                    }
                    for k, name in enumerate(names)
                },
                "per_condition": {
                    c: {"coverage": float(means[i, 0]), "size": float(means[i, 1])}
                    for i, c in enumerate(sorted(set(conditions)))
                },
            }
            print(f"conformal {level:g} {way}: done")
    return found


def _accept(accepted: list[tuple[AcceptStatistics, float]]) -> dict[str, Any]:
    """Error and share kept of all held-out recordings, each at its own fold's threshold."""
    grid = thresholds()
    frames, kept, wrong = [], [], []
    for counts, threshold in accepted:
        place = int(np.searchsorted(grid, threshold - 1e-12))
        some = place < grid.size
        frames.append(counts.frames)
        kept.append(counts.accepted[:, place] if some else np.zeros(len(counts)))
        wrong.append(counts.wrong[:, place] if some else np.zeros(len(counts)))
    n, a, e = (np.concatenate(one) for one in (frames, kept, wrong))
    weights = resample_weights(n.size, 1000, np.random.default_rng(0))
    found = intervals(lambda w: {"error": (w @ e) / (w @ a), "kept": (w @ a) / (w @ n)}, weights)
    return {"asked": 0.05, "confidence": 0.9, **{name: vars(one) for name, one in found.items()}}


def _figures(
    out: Path,
    post: FramePosterior,
    labels: list[Any],
    after: list[Any],
    counts: FrameStatistics,
    names: Any,
    accepted: list[tuple[AcceptStatistics, float]],
) -> None:
    from bayes_a2m.reporting.reliability import class_reliability_figure, reliability_figure
    from bayes_a2m.reporting.selective import risk_coverage_figure

    lines = []
    for quantity, by in (
        ("confidence", "right"),
        ("variance", "class"),
        ("entropy", "class"),
        ("mutual_information", "class"),
    ):
        found = ecdfs_of(post, labels, quantity, by=by, generator=np.random.default_rng(0))
        style.save(ecdf_figure(found, quantity=quantity, names=names), out / f"ecdf_{quantity}.png")
        lines.append(f"ecdf_{quantity}.png: {ecdf_caption(found, quantity=quantity)}")
    parts, place = [], 0
    for one, decoder in after:  # a fold's paths go through its own decoder
        truths = labels[place : place + len(one)]
        parts.append(pits(one, truths, decoder, np.random.default_rng(0)))
        place += len(one)
    joined = {
        name: type(parts[0][name])(
            name,
            np.concatenate([p[name].values for p in parts]),
            tuple(i for p in parts for i in p[name].ids),
        )
        for name in parts[0]
    }
    style.save(pit_figure(joined), out / "pit.png")
    lines.append(f"pit.png: {pit_caption(joined)}")
    lines += [f"  {name}: {one.shape()} {one.ks()}" for name, one in joined.items()]
    style.save(reliability_figure(counts), out / "reliability.png")
    for kind in ("rest", "called"):
        figure = class_reliability_figure(counts, names, kind=kind)
        style.save(figure, out / f"reliability_{kind}.png")
    everyone = AcceptStatistics.stack([one for one, _ in accepted])
    style.save(risk_coverage_figure(everyone), out / "risk_coverage.png")
    write_text(out / "figures.txt", "\n".join(lines) + "\n")


def _number(value: dict[str, Any] | None, digits: int = 4) -> str:
    if value is None or value["value"] is None:
        return "–"
    text = f"{value['value']:.{digits}f}"
    if value["low"] is not None:
        text += f" [{value['low']:.{digits}f}, {value['high']:.{digits}f}]"
    return text


def _rows(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _table(found: dict[str, Any], names: Any) -> str:
    more, raw = found["calibration"], found["raw_calibration"]
    blocks = [
        f"# Out of fold: {found['method']}, {found['recordings']} recordings\n",
        "Intervals: 95 %, from resampling recordings.\n",
        _rows(
            ["", "recalibrated", "raw", "difference"],
            [
                [n, _number(v), _number(found["raw"][n]), _number(found["gain"][n])]
                for n, v in found["metrics"].items()
            ]
            + [[n, _number(v), "", ""] for n, v in found["notes"].items()],
        ),
        "## Further scores\n",
        _rows(
            ["", "recalibrated", "raw"],
            [[n, _number(v), _number(raw["metrics"][n])] for n, v in more["metrics"].items()],
        ),
        "## By class\n",
        _rows(
            [
                "",
                "trust (share right where called)",
                "its calibration error",
                "classwise ECE",
                "KS",
                "p (KS)",
                "p (Kuiper)",
                "p (KS), raw",
            ],
            [
                [
                    n,
                    _number(found["trust"][n]),
                    _number(found["trust"][n]["calibration"]),
                    _number(found["per_class"][n]["classwise_ece"]),
                    f"{more['per_class'][n]['test']['ks']:.4f}",
                    f"{more['per_class'][n]['test']['ks_p']:.3f}",
                    f"{more['per_class'][n]['test']['kuiper_p']:.3f}",
                    f"{raw['per_class'][n]['test']['ks_p']:.3f}",
                ]
                for n in names
            ],
        ),
        f"Of the predicted class: KS {more['test']['ks']:.4f}, p {more['test']['ks_p']:.3f}. "
        f"{more['effective']['frames']:.0f} frames, design effect "
        f"{more['effective']['design_effect']:.0f}: worth "
        f"{more['effective']['effective_frames']:.0f} independent ones (for the accuracy).\n",
        "## Each recalibration, forced (reported; the folds chose without looking here)\n",
        _rows(
            ["", "NLL", "ECE", "accuracy", *(f"classwise ECE {n}" for n in names), "least p (KS)"],
            [
                [
                    m,
                    _number(v["nll"]),
                    _number(v["ece"]),
                    f"{v['accuracy']['value']:.4f}",
                    *(f"{v['classwise'][n]['value']:.4f}" for n in names),
                    f"{min(v['ks_p'].values()):.3f}",
                ]
                for m, v in found["each_recalibration"].items()
            ],
        ),
        "Chosen: "
        + ", ".join(f"fold {f['fold']} {f['recalibration']['method']}" for f in found["folds"])
        + ".\n",
        "## By subgroup\n",
        _rows(
            ["", "frames", "recordings", "accuracy", "NLL", "ECE"],
            [
                [
                    f"{kind}: {place}",
                    f"{v['frames']:,}",
                    str(v["recordings"]),
                    _number(v["accuracy"], 3),
                    _number(v["nll"], 3),
                    _number(v["ece"], 3),
                ]
                for kind, places in found["by_place"].items()
                for place, v in places.items()
            ],
        ),
        f"## Conformal sets: mean of {SPLITS} random halves\n",
        _rows(
            ["", "class", "coverage, frames pooled", "5 % of splits below", "by recording", "size"],
            [
                [
                    key,
                    n,
                    f"{v['coverage']:.4f}",
                    f"{v['worst_twentieth']:.4f}",
                    f"{v['recording_coverage']:.4f}",
                    f"{v['size']:.2f}",
                ]
                for key, one in found["conformal"].items()
                for n, v in one["per_class"].items()
            ],
        ),
        _rows(
            ["", "condition", "coverage", "size"],
            [
                [key, n, f"{v['coverage']:.4f}", f"{v['size']:.2f}"]
                for key, one in found["conformal"].items()
                for n, v in one["per_condition"].items()
            ],
        ),
        "## Accept-error 0.05, each fold's threshold from its tuning split\n",
        f"Kept {_number(found['accept']['kept'])} of the frames, "
        f"{_number(found['accept']['error'])} of them wrong.\n",
    ]
    return "\n".join(blocks)


if __name__ == "__main__":
    main()

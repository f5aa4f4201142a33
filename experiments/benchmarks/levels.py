"""Is a quiet or degraded recording heard, and does the model say where it cannot be believed?

    python experiments/benchmarks/levels.py MODEL... --data DATA --split validation --out OUT
    python experiments/benchmarks/levels.py MODEL... --data DATA --split tuning --out OUT
    python experiments/benchmarks/levels.py --out OUT

Every recording of the split is turned down (in 16 bits, as a quiet take is stored), and degraded
in every built-in condition (:mod:`bayes_a2m.datasets.conditions`) at severities 1 to 5. For each of
these cells: accuracy, mean confidence and ECE, the share of recordings that the model tells are
unlike those that it learned from, and overconfidence (mean confidence less accuracy) of the others.
"before" is the same model without its knowledge of conditions: no level is undone, nothing is told.
``tuning`` is the model's own tuning split. A MODEL whose file of results is there is not run again;
without a MODEL the tables and the figure are made anew from these files. Intervals: recordings
resampled.
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bayes_a2m.datasets import Dataset, Recording, load_folder
from bayes_a2m.datasets.conditions import CONDITIONS, twin
from bayes_a2m.diagnostics.overconfidence import overconfidence
from bayes_a2m.files import read_json, write_json, write_text
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

LEVELS = (0, -6, -12, -18, -24, -30, -40)
SEVERITIES = (1, 2, 3, 4, 5)
RESAMPLES = 1000
FEWEST = 20
COLUMNS = (
    *("split", "model", "when", "cell", "recordings", "accuracy", "accuracy_low", "accuracy_high"),
    *("confidence", "overconfidence", "overconfidence_low", "overconfidence_high"),
    *("ece", "ece_low", "ece_high", "warned", "unwarned"),
    *("unwarned_overconfidence", "unwarned_overconfidence_low", "unwarned_overconfidence_high"),
)

Row = dict[str, Any]


def turned_down(recording: Recording, gain_db: float, rate: int) -> Recording:
    """The recording after a volume control, in 16 bits."""
    samples = np.round(recording.audio(rate) * 10 ** (gain_db / 20) * 32767) / 32767
    return replace(recording, path=None, samples=samples.astype(np.float32), sample_rate=rate)


def cells(
    data: Dataset, rate: int, severities: Sequence[int] = SEVERITIES
) -> Iterator[tuple[str, Iterator[Recording]]]:
    """The name of every cell, and its recordings, made one by one."""
    for gain in LEVELS:
        name = f"{gain} dB"
        yield name, (turned_down(r, gain, rate) if gain else r for r in data)
    for condition in CONDITIONS:
        for severity in severities:
            yield (
                f"{condition} {severity}",
                (twin(r, condition, severity, sample_rate=rate) for r in data),
            )


def without_conditions(model: Posterior) -> Posterior:
    """The same model, which does not know what it learned from."""
    other = copy.copy(model)
    assert model.fitted is not None
    other.fitted = replace(model.fitted, conditions=None, novelty=None)
    return other


def counted(model: Posterior, recording: Recording, draws: int) -> FrameStatistics:
    """The statistics of one recording."""
    post = model.predict([recording], draws)
    return FrameStatistics.of(post.of(0), recording.labels(post.grid, post.vocabulary))


def measured(
    model: Posterior, data: Dataset, draws: int, severities: Sequence[int], say: Any
) -> list[Row]:
    """A row for every cell, before and after."""
    rate, plain = model.grid.sample_rate, without_conditions(model)
    rows = []
    for name, recordings in cells(data, rate, severities):
        before, after, warned = [], [], []
        for recording in recordings:
            after.append(counted(model, recording, draws))
            same = model.levelled(recording) is recording
            before.append(after[-1] if same else counted(plain, recording, draws))
            warned.append(bool(model.unlike(recording)))
        told = np.array(warned)
        rows.append(row(name, "before", FrameStatistics.stack(before), np.zeros_like(told)))
        rows.append(row(name, "after", FrameStatistics.stack(after), told))
        say(name)
    return rows


def row(cell: str, when: str, counts: FrameStatistics, warned: np.ndarray[Any, Any]) -> Row:
    """The scores of one cell."""
    weights = resample_weights(len(counts), RESAMPLES, np.random.default_rng(0))
    scores = intervals(counts.metrics_of, weights)
    gap = overconfidence(counts, resamples=RESAMPLES)
    found: Row = {"when": when, "cell": cell, "recordings": len(counts)}
    for name, score in (("accuracy", scores["accuracy"]), ("overconfidence", gap)):
        found |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    ece = scores["ece"]
    found |= {"ece": ece.value, "ece_low": ece.low, "ece_high": ece.high}
    found["confidence"] = found["accuracy"] + found["overconfidence"]
    found |= {"warned": float(warned.mean()), "unwarned": int((~warned).sum())}
    if (~warned).any():
        rest = overconfidence(counts.select(~warned), resamples=RESAMPLES)
        found["unwarned_overconfidence"] = rest.value
        found["unwarned_overconfidence_low"] = rest.low
        found["unwarned_overconfidence_high"] = rest.high
    return found


def part(data: Dataset, split: str, model: Posterior) -> Dataset:
    """The recordings of a split; of ``tuning``, those that the model was tuned on."""
    if split != "tuning":
        return data.split(split)
    return data.split("train").where(model.seen.tuned_on)


def table(rows: list[Row]) -> str:
    """All rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in rows:
        cells = {c: one.get(c) for c in COLUMNS}
        writer.writerow({c: f"{v:.4f}" if isinstance(v, float) else v for c, v in cells.items()})
    return text.getvalue()


def markdown(rows: list[Row], split: str) -> str:
    """The cells of one split as Markdown, a table a model."""
    lines = []
    chosen = [r for r in rows if r["split"] == split]
    for model in dict.fromkeys(r["model"] for r in chosen):
        lines += [
            f"### {model}, {split}",
            "",
            "| | accuracy before | after | confidence before | after | ECE before | after | warned "
            "| not warned | their overconfidence |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        own = {(r["cell"], r["when"]): r for r in chosen if r["model"] == model}
        for cell in dict.fromkeys(cell for cell, _ in own):
            a, b = own[cell, "before"], own[cell, "after"]
            gap = b.get("unwarned_overconfidence")
            words = (
                "–"
                if gap is None
                else f"{gap:+.3f} [{b['unwarned_overconfidence_low'] or gap:+.3f}, "
                f"{b['unwarned_overconfidence_high'] or gap:+.3f}]"
            )
            bold = "**" if gap is not None and gap > 0.05 and b["unwarned"] >= FEWEST else ""
            lines.append(
                f"| {cell} | {a['accuracy']:.3f} | {b['accuracy']:.3f} "
                f"[{b['accuracy_low']:.3f}, {b['accuracy_high']:.3f}] | {a['confidence']:.3f} "
                f"| {b['confidence']:.3f} | {a['ece']:.3f} | {b['ece']:.3f} | {b['warned']:.2f} "
                f"| {b['unwarned']} | {bold}{words}{bold} |"
            )
        lines += ["", *criterion(list(own.values())), ""]
    return "\n".join(lines)


def criterion(rows: list[Row]) -> list[str]:
    """What was asked for, and what came of it, for one model and split."""
    after = {r["cell"]: r for r in rows if r["when"] == "after"}
    many = {
        cell: r["unwarned_overconfidence"] for cell, r in after.items() if r["unwarned"] >= FEWEST
    }
    worst = max(many, key=lambda cell: many[cell])
    mild = [after[f"{condition} 1"]["warned"] for condition in CONDITIONS]
    fall = after["0 dB"]["accuracy"] - after["-24 dB"]["accuracy"]
    return [
        f"Largest overconfidence of a cell with {FEWEST} recordings not warned of: "
        f"{many[worst]:+.3f} ({worst}; {len(many)} of {len(after)} cells have so many). Warned of: "
        f"{100 * after['0 dB']['warned']:.0f} % of undamaged recordings, "
        f"{100 * float(np.mean(mild)):.0f} % of those of severity 1. Accuracy at −24 dB: "
        f"{-fall:+.3f} against 0 dB.",
    ]


def figure(rows: list[Row], path: Path) -> None:
    """Accuracy (lines), confidence (dashed) and share warned of (bars), by level and severity."""
    from matplotlib.figure import Figure

    from bayes_a2m.reporting import style

    models = list(dict.fromkeys(r["model"] for r in rows))
    groups = [("level", [f"{g} dB" for g in LEVELS])]
    groups += [(c, ["0 dB", *(f"{c} {s}" for s in SEVERITIES)]) for c in CONDITIONS]
    canvas = Figure(figsize=(11.0, 2.5 * len(models)), layout="constrained")
    axes = canvas.subplots(len(models), len(groups), sharey=True, squeeze=False)
    for line, model in zip(axes, models, strict=True):
        own = {(r["cell"], r["when"]): r for r in rows if r["model"] == model}
        for place, (title, names) in zip(line, groups, strict=True):
            names = [name for name in names if (name, "after") in own]
            x = list(range(len(names)))
            for when, colour in (("before", "#b35900"), ("after", "#1f5fa8")):
                some = [own[name, when] for name in names]
                place.plot(x, [r["confidence"] for r in some], "--", color=colour, lw=1.2)
                place.plot(
                    x, [r["accuracy"] for r in some], "o-", color=colour, lw=1.6, ms=3, label=when
                )
            warned = [own[name, "after"]["warned"] for name in names]
            place.bar(x, warned, color="#999999", alpha=0.35, width=0.7, zorder=0, label="warned")
            labels = [n.replace(" dB", "") if title == "level" else n.split()[-1] for n in names]
            place.set_xticks(x, ["0" if n == "dB" else n for n in labels])
            place.set_ylim(0, 1.02)
            place.set_title(f"{model}, {title}", fontsize=9)
            place.set_xlabel("gain (dB)" if title == "level" else "severity")
        line[0].set_ylabel("share")
    axes[0][1].legend(loc="center left", fontsize=7)
    style.save(canvas, path)


def main() -> None:
    """Read the arguments, run what is missing, write tables and figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--severities", nargs="*", type=int, default=SEVERITIES)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    for path in chosen.models:
        file = chosen.out / f"{chosen.split}_{path.name}.json"
        if file.exists():
            continue
        model = load_model(path)
        data = part(load_folder(chosen.data, seed=model.seed), chosen.split, model)
        rows = measured(
            model,
            data,
            chosen.draws,
            chosen.severities,
            lambda name, p=path: print(p.name, name, flush=True),
        )
        named = [{"split": chosen.split, "model": path.name, **one} for one in rows]
        write_json(file, named)
    files = sorted(chosen.out.glob("validation_*.json")) + sorted(chosen.out.glob("tuning_*.json"))
    everything: list[Row] = [one for file in files for one in read_json(file)]
    if not everything:
        return
    write_text(chosen.out / "table.csv", table(everything))
    splits = list(dict.fromkeys(one["split"] for one in everything))
    write_text(chosen.out / "table.md", "\n".join(markdown(everything, split) for split in splits))
    first = [one for one in everything if one["split"] == splits[0]]
    figure(first, chosen.out / "levels.png")


if __name__ == "__main__":
    main()

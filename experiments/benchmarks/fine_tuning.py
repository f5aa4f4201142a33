"""Few recordings of one's own: the model that ships, tuned to them, against one from nothing.

    OMP_NUM_THREADS=1 python experiments/benchmarks/fine_tuning.py --data VOICES --work WORK \
        --counts 5,20 --seeds 0,1,2 --out reports/pretrained

Of the train split, as many recordings as asked for are drawn for every seed, of every condition
alike, the few among the many; both systems learn from the same ones, and each sets its own tuning
split aside. Recordings of the validation split, which neither has seen, score both; differences are
paired by recording and seed. What is in WORK is not done again; with ``--split train`` the score is
on recordings of the train split that no draw takes, for choosing settings.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # before numpy is loaded: it looks only once
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import numpy as np

from bayes_a2m.comparison.compare import compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.splits import subsample
from bayes_a2m.evaluation import evaluate
from bayes_a2m.files import write_json, write_text
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.posteriors.network_posterior import NetworkPosterior

LARGEST = 40
"""Recordings of the largest draw; those of the train split beyond it score while choosing."""

HELD_OUT = 48
"""Recordings of the train split that score while choosing."""

STEPS = 300
"""Steps of the training from nothing, whatever the number of recordings."""

SCORES = ("accuracy", "macro_f1", "nll", "brier", "ece", "error_auroc", "note_onset_f1_100ms")


@dataclass(frozen=True)
class System:
    """An experiment, the settings it has here, and the model that it starts from."""

    experiment: str
    settings: tuple[str, ...] = ()
    start: str | None = None


def from_nothing(count: int, more: Sequence[str] = ()) -> System:
    """The reference network, trained for as many steps whatever the number of recordings."""
    batch = 2 if count < 10 else 5
    steps = max(1, -(-round(0.85 * count) // batch))
    settings = (
        "training.precision=bf16-mixed",
        f"training.batch={batch}",
        f"training.epochs={STEPS // steps}",
        *more,
    )
    return System("crnn", settings)


def fine_tuned(settings: Sequence[str] = ()) -> System:
    """The model that ships, tuned to the recordings."""
    return System("fine_tuned", tuple(settings), "pretrained")


def drawn(data: Dataset, count: int, seed: int) -> Dataset:
    """Recordings of the train split, of every condition alike."""
    train = data.split("train")
    return train.pick(subsample(train, count, seed))


def scored_on(data: Dataset, split: str, seed: int) -> Dataset:
    """The validation split, or recordings of the train split that no draw of the seed takes."""
    if split != "train":
        return data.split(split)
    train = data.split("train")
    taken = subsample(train, LARGEST, seed)
    more = subsample(train, LARGEST + HELD_OUT, seed)
    return train.pick(more - taken)


def run(system: System, few: Dataset, held_out: Dataset, seed: int, path: Path) -> Scored:
    """Train and score, unless the scores are there."""
    if not path.is_file():
        experiment = load_experiment(system.experiment, system.settings, seed)
        fit, tune = few.with_tuning_part(experiment.training.tuning_share, seed)
        start = None if system.start is None else load_model(system.start)
        work = path.with_suffix("")
        work.mkdir(parents=True, exist_ok=True)
        model = make_posterior(experiment)
        assert isinstance(model, NetworkPosterior)
        # one recording chooses an epoch that is no better than chance: those that are fitted choose
        chance = system.start is None and len(tune) == 1
        model.fit(fit, fit if chance else tune, start=start, workdir=work, resume=True)
        if chance:
            model.fit_calibration_and_decoder(fit, tune)
        shutil.rmtree(work)
        Scored.of(evaluate(model, held_out, draws=30)).save(path)
        said = model.remarks() or [model.calibrator.choice.reason]
        write_text(path.with_suffix(".txt"), "\n".join(said) + "\n")
    return Scored.load(path)


def values_of(scored: Scored) -> dict[str, float]:
    """Scores over all recordings."""
    weights = np.ones((1, len(scored)))
    found = scored.parts["all"].metrics_of(weights) | scored.notes.metrics_of(weights)
    return {name: float(found[name][0]) for name in SCORES}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--counts", default="5,20")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--systems", default="crnn,fine_tuned")
    parser.add_argument("--split", default="validation", choices=("validation", "train"))
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--set-crnn", dest="crnn", action="append", default=[])
    parser.add_argument("--done", action="store_true", help="report what is in WORK, train nothing")
    parser.add_argument("--name", default="", help="beside the files' names, for other settings")
    given = parser.parse_args()
    data = load_folder(given.data)
    counts = [int(text) for text in given.counts.split(",")]
    seeds = [int(text) for text in given.seeds.split(",")]
    systems = given.systems.split(",")
    result: dict[str, Any] = {"split": given.split, "seeds": seeds, "counts": {}}
    for count in counts:
        sides: dict[str, dict[int, Scored]] = {system: {} for system in systems}
        for seed in seeds:
            few, held_out = drawn(data, count, seed), scored_on(data, given.split, seed)
            for system in systems:
                made = (
                    from_nothing(count, given.crnn)
                    if system == "crnn"
                    else fine_tuned(given.settings)
                )
                path = given.work / f"{given.split}_{system}{given.name}_{count}_{seed}.npz"
                if given.done and not path.is_file():
                    continue
                sides[system][seed] = run(made, few, held_out, seed, path)
                print(count, system, seed, values_of(sides[system][seed]), flush=True)
        told: dict[str, Any] = {
            system: {str(seed): values_of(scored) for seed, scored in sides[system].items()}
            for system in systems
        }
        if len(systems) == 2 and given.split != "train":
            first, second = (sides[name] for name in reversed(systems))
            both = sorted(first.keys() & second.keys())
            pairs = {str(seed): ([first[seed]], [second[seed]]) for seed in both}
            if len(both) > 1:  # what another draw of recordings adds to the interval, too
                pairs["all"] = [first[seed] for seed in both], [second[seed] for seed in both]
            told["difference"] = {}
            for name, (one, other) in pairs.items():
                found = compare(one, other, names=(systems[1], systems[0])).metrics
                told["difference"][name] = {n: asdict(found[n]) for n in SCORES if n in found}
        result["counts"][str(count)] = told
    if given.out is not None:
        write(result, systems, given.out)


def write(result: dict[str, Any], systems: Sequence[str], folder: Path) -> None:
    """The table, and the curve of NLL and macro-F1 over the number of recordings."""
    write_json(folder / "fine_tuning.json", result)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["recordings", "system", "seed", *SCORES])
    for count, told in result["counts"].items():
        for system in systems:
            for seed, values in told[system].items():
                writer.writerow([count, system, seed, *(f"{values[n]:.4f}" for n in SCORES)])
    write_text(folder / "fine_tuning.csv", buffer.getvalue())
    figure(result, systems, folder / "fine_tuning.png")


def figure(result: dict[str, Any], systems: Sequence[str], path: Path) -> None:
    """Every seed a point, their means a line."""
    from matplotlib.figure import Figure

    from bayes_a2m.reporting import style

    drawing = Figure(figsize=(8, 3.4), layout="constrained")
    counts = [int(count) for count in result["counts"]]
    for axes, score, words in zip(
        drawing.subplots(1, 2),
        ("nll", "macro_f1"),
        ("NLL, nats per frame", "macro-F1"),
        strict=True,
    ):
        for system, colour in zip(systems, ("C1", "C0"), strict=False):
            values = [
                [one[score] for one in result["counts"][str(count)][system].values()]
                for count in counts
            ]
            label = {"crnn": "CRNN from nothing", "fine_tuned": "pretrained, fine-tuned"}
            axes.plot(
                counts, [np.mean(some) for some in values], color=colour, label=label.get(system)
            )
            for count, some in zip(counts, values, strict=True):
                axes.plot([count] * len(some), some, "o", color=colour, markersize=4)
        axes.set_xscale("log")
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
        axes.set_xlabel("recordings to learn and tune from")
        axes.set_ylabel(words)
    axes.legend()
    style.save(drawing, path)


if __name__ == "__main__":
    main()

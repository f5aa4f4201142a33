"""How fast notes are inferred: a minute of 30 draws, ten transcriptions each, and longer.

    python experiments/benchmarks/notes.py [--minutes 1 10 60] [--classes 4 49] [--json FILE]

From a posterior of frames to a :class:`~bayes_a2m.decoding.note_posterior.NotePosterior`: forward
and backward passes of every draw, sampled transcriptions, lags, hypotheses. Frames are made up:
notes and rests of random lengths, whose probabilities differ a little from draw to draw. Printed
are the seconds of the processor of one thread (what others on the machine do not count in) and of
the clock, the smallest of the runs; compiling is not counted. More classes than 4 are only timed
for the first of the minutes.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.files import write_json
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior

DRAWS = 30
PATHS = 10


def main() -> None:
    """Time, print, and write what was found where asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60])
    parser.add_argument("--classes", type=int, nargs="+", default=[4, 49])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = []
    for classes in given.classes:
        for minutes in given.minutes if classes == 4 else given.minutes[:1]:
            runs = given.runs if minutes <= 10 else 1
            found.append({"classes": classes, "minutes": minutes, **timed(classes, minutes, runs)})
            print(
                "{classes:3d} classes, {minutes:4g} min: {cpu:7.2f} s of the processor, "
                "{clock:7.2f} s of the clock, {notes} notes, peak {peak_mb:.0f} MB".format(
                    **found[-1]
                )
            )
    if given.json:
        write_json(given.json, {"draws": DRAWS, "paths_per_draw": PATHS, "runs": found})


def timed(classes: int, minutes: float, runs: int) -> dict[str, float]:
    """The quickest of some runs."""
    post, labels = frames(classes, minutes)
    lag = LagPrior((LagComponent("a", 0.5, 0.0, 0.01), LagComponent("b", 0.5, 0.0, 0.03)))
    model = replace(NoteModel.from_labels([labels], classes), power=0.11, note_bias=3.0, lag=lag)
    few = FramePosterior(
        post.log_probs[:, :2, :, :300], [300], post.ids, post.vocabulary, post.grid
    )
    note_posteriors(few, model, np.random.default_rng(0))  # compile
    cpu, clock, notes = [], [], 0
    for _ in range(runs):
        start = time.process_time(), time.perf_counter()
        one = note_posteriors(post, model, np.random.default_rng(0), paths_per_draw=PATHS)[0]
        cpu.append(time.process_time() - start[0])
        clock.append(time.perf_counter() - start[1])
        notes = len(one.hypotheses)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": min(cpu), "clock": min(clock), "notes": notes, "peak_mb": peak}


def frames(classes: int, minutes: float) -> tuple[FramePosterior, np.ndarray]:
    """A posterior of made-up frames, and the labels it is about."""
    generator = np.random.default_rng(0)
    grid = FrameGrid()
    count = grid.frames_in(60 * minutes)
    runs, classes_ = [], []
    while sum(runs) < count:
        runs += [int(generator.integers(10, 80)), int(generator.integers(20, 200))]
        classes_ += [0, int(generator.integers(1, classes))]
    labels = np.repeat(classes_, runs)[:count]
    logits = generator.normal(0, 0.7, size=(1, DRAWS, 1, count, classes)).astype(np.float32)
    logits[0, :, 0, np.arange(count), labels] += 5
    peak = logits.max(axis=-1, keepdims=True)
    logits -= peak + np.log(np.exp(logits - peak).sum(axis=-1, keepdims=True))
    pitches = tuple(range(36, 36 + classes - 1))
    return FramePosterior(logits, [count], ("a",), Vocabulary(pitches), grid), labels


if __name__ == "__main__":
    main()

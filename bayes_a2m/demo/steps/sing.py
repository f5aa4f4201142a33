"""Sing: synthetic voices, as ``bayes-a2m synth`` writes them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from bayes_a2m.datasets import Recording
from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.files import read_json
from bayes_a2m.reporting.html import joined, plural


def sing(context: DemoContext) -> Outcome:
    """Synthesise a data folder, and draw what was asked for over what came out."""
    wanted = context.settings
    settings = SynthesisSettings(
        recordings=wanted.recordings, seconds=wanted.seconds, seed=wanted.seed
    )
    with context.watch.bar("singing") as update:
        write_folder(context.folder / "data", settings, update)
    data = context.data
    conditions = Counter(r.condition for r in data)
    facts: dict[str, Any] = {
        "recordings": len(data),
        "seconds_of_sound": round(sum(r.duration for r in data), 3),
        "notes": sum(len(r.notes or ()) for r in data),
        "pitches": list(data.vocabulary.names[1:]),
        "sounding_share": float((np.concatenate(data.labels) > 0).mean()),
        "conditions": dict(conditions),
        "splits": dict(Counter(r.split for r in data)),
        "examples": [_example(context, recording) for recording in context.examples],
        "truth": _truth(context, context.examples[0]),
    }
    words = f"{plural(len(data), 'recording')}: {joined(list(conditions))}"
    return Outcome(facts, words)


def _example(context: DemoContext, recording: Recording) -> dict[str, Any]:
    """The sound of a recording, its picture, and its melody."""
    from bayes_a2m.demo.truth_figure import thumbnail_figure

    vocabulary = context.data.vocabulary
    figure = thumbnail_figure(recording, vocabulary, context.extractor)
    return {
        "id": recording.id,
        "condition": recording.condition,
        "sound": context.file(recording),
        "picture": context.draw(f"sung_{recording.id}", figure),
        "melody": [vocabulary.pitch_name(n.pitch) for n in recording.notes or ()],
    }


def _truth(context: DemoContext, recording: Recording) -> dict[str, Any]:
    """The distance of the f0 asked for from the labelled pitches, and a picture of it."""
    from bayes_a2m.demo.truth_figure import pitch_curve, truth_figure

    f0 = read_json(context.folder / "data" / "truth" / f"{recording.id}.json")["f0"]
    vocabulary = context.data.vocabulary
    figure = truth_figure(recording, vocabulary, context.extractor, f0)
    labels = recording.labels(context.extractor.settings.grid, vocabulary)
    curve = pitch_curve(f0, labels)
    nominal = np.array([0, *vocabulary.pitches])[labels[: len(curve)]]
    cents = 100 * (curve - nominal - vocabulary.sounding_offset)
    cents = np.abs(cents[np.isfinite(cents)])
    strays = (
        {"median": float(np.median(cents)), "largest": float(cents.max())} if cents.size else None
    )
    picture = context.draw(f"truth_{recording.id}", figure)
    return {"id": recording.id, "picture": picture, "cents": strays}

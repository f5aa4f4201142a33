"""The first steps: sing, check, look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.demo.context import Outcome, Stage
from bayes_a2m.files import read_json
from bayes_a2m.reporting import style
from bayes_a2m.reporting.html import joined, plural

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording


def sing(stage: Stage) -> Outcome:
    """Synthesise a data folder; draw what was asked for over what came out."""
    from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder

    wanted = stage.settings
    settings = SynthesisSettings(
        recordings=wanted.recordings, seconds=wanted.seconds, seed=wanted.seed
    )
    with stage.watch.bar("singing") as update:
        write_folder(stage.folder / "data", settings, update)
    data = stage.data
    sounding = np.concatenate(data.labels) > 0
    conditions = Counter(r.condition for r in data)
    facts: dict[str, Any] = {
        "recordings": len(data),
        "seconds_of_sound": round(sum(r.duration for r in data), 3),
        "notes": sum(len(r.notes or ()) for r in data),
        "pitches": list(data.vocabulary.names[1:]),
        "sounding_share": float(sounding.mean()),
        "conditions": dict(conditions),
        "splits": dict(Counter(r.split for r in data)),
        "examples": [_example(stage, recording) for recording in stage.examples],
        "truth": _truth(stage, stage.examples[0]),
    }
    words = f"{plural(len(data), 'recording')}: {joined(list(conditions))}"
    return Outcome(facts, words)


def _example(stage: Stage, recording: Recording) -> dict[str, Any]:
    """A recording to listen to and its picture."""
    from bayes_a2m.demo.truth_figure import thumbnail_figure

    picture = f"figures/sung_{recording.id}.png"
    figure = thumbnail_figure(recording, stage.data.vocabulary, stage.extractor)
    style.save(figure, stage.folder / picture)
    names = {p: stage.data.vocabulary.pitch_name(p) for p in stage.data.vocabulary.pitches}
    return {
        "id": recording.id,
        "condition": recording.condition,
        "sound": stage.file(recording),
        "picture": picture,
        "melody": [names[n.pitch] for n in recording.notes or ()],
    }


def _truth(stage: Stage, recording: Recording) -> dict[str, Any]:
    """How far the f0 asked for strays from the labelled pitches, and a picture of it."""
    from bayes_a2m.demo.truth_figure import pitch_curve, truth_figure

    picture = f"figures/truth_{recording.id}.png"
    f0 = read_json(stage.folder / "data" / "truth" / f"{recording.id}.json")["f0"]
    vocabulary, grid = stage.data.vocabulary, stage.extractor.settings.grid
    figure = truth_figure(recording, vocabulary, stage.extractor, f0)
    style.save(figure, stage.folder / picture)
    labels = recording.labels(grid, vocabulary)
    curve = pitch_curve(f0, labels)
    nominal = np.array([0, *vocabulary.pitches])[labels[: len(curve)]]
    cents = 100 * (curve - nominal - vocabulary.sounding_offset)
    cents = np.abs(cents[np.isfinite(cents)])
    return {
        "id": recording.id,
        "picture": picture,
        "cents": None
        if not cents.size
        else {"median": float(np.median(cents)), "largest": float(cents.max())},
    }


def verify(stage: Stage) -> Outcome:
    """Check the data folder."""
    from bayes_a2m.datasets.verify import verify as find_problems

    with stage.watch.bar("checking") as update:
        report = find_problems(stage.folder / "data", update)
    kinds = [
        {
            "level": found[0].level,
            "code": found[0].code,
            "count": len(found),
            "file": found[0].file,
            "message": found[0].message,
        }
        for found in ([p for p in report.problems if p.code == code] for code in report.summary)
    ]
    facts: dict[str, Any] = {
        "recordings": report.recordings,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "kinds": kinds,
    }
    words = f"{plural(len(report.errors), 'error')}, {plural(len(report.warnings), 'warning')}"
    return Outcome(facts, words)


def plot(stage: Stage) -> Outcome:
    """Draw one recording of each condition."""
    from bayes_a2m.reporting.recording import recording_figure

    examples = stage.examples
    pictures = []
    with stage.watch.bar("drawing") as update:
        for done, recording in enumerate(examples, start=1):
            picture = f"figures/voice_{recording.id}.png"
            figure = recording_figure(recording, stage.data.vocabulary, stage.extractor)
            style.save(figure, stage.folder / picture)
            pictures.append(
                {
                    "id": recording.id,
                    "condition": recording.condition,
                    "picture": picture,
                    "notes": len(recording.notes or ()),
                }
            )
            update(done, len(examples))
    facts = {"drawn": len(pictures), "recordings": len(stage.data), "pictures": pictures}
    return Outcome(facts, f"{plural(len(pictures), 'recording')} of {len(stage.data)}")

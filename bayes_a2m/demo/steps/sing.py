"""Sing: synthetic voices, as ``bayes-a2m synth`` writes them and ``plot`` draws them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from bayes_a2m.datasets import Recording
from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.files.record import Count, Record
from bayes_a2m.reporting.html import joined, plural


class SungExample(Record):
    """A recording to listen to: its sound, its picture, the names of its notes."""

    id: str
    condition: str
    sound: str
    picture: str
    melody: list[str]


class Singing(Record):
    """The synthetic data folder, with one example of every condition."""

    recordings: Count
    seconds_of_sound: float
    notes: Count
    pitches: list[str]
    sounding_share: float
    conditions: dict[str, Count]
    splits: dict[str, Count]
    examples: list[SungExample]


def sing(context: DemoContext) -> Outcome:
    """Synthesise a data folder, and draw one recording of each condition."""
    wanted = context.settings
    settings = SynthesisSettings(
        recordings=wanted.recordings, seconds=wanted.seconds, seed=wanted.seed
    )
    with context.watch.bar("singing") as update:
        write_folder(context.folder / "data", settings, update)
    data = context.data
    facts = Singing(
        recordings=len(data),
        seconds_of_sound=round(sum(r.duration for r in data), 3),
        notes=sum(len(r.notes or ()) for r in data),
        pitches=list(data.vocabulary.names[1:]),
        sounding_share=float((np.concatenate(data.labels) > 0).mean()),
        conditions=dict(Counter(r.condition for r in data)),
        splits=dict(Counter(r.split for r in data)),
        examples=[_example(context, name) for name in context.conditions],
    )
    words = f"{plural(len(data), 'recording')}: {joined(list(facts.conditions))}"
    return Outcome(facts, words)


def _example(context: DemoContext, condition: str) -> SungExample:
    """The first recording of a condition, one with notes if there is any."""
    from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor
    from bayes_a2m.reporting.recording import recording_figure

    vocabulary = context.data.vocabulary
    members: list[Recording] = [r for r in context.data if r.condition == condition]
    one = next((r for r in members if r.notes), members[0])
    figure = recording_figure(one, vocabulary, FeatureExtractor(CQTFeatures()))
    return SungExample(
        id=one.id,
        condition=condition,
        sound=context.sound(one),
        picture=context.draw(f"voice_{one.id}", figure),
        melody=[vocabulary.pitch_name(note.pitch) for note in one.notes or ()],
    )

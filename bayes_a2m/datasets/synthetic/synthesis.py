"""Synthesis of a recording: a singer, a score, a condition, and the truth about all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import conditions
from bayes_a2m.datasets.conditions import Condition
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.datasets.synthetic import labels, voice
from bayes_a2m.datasets.synthetic.score import SungNote, draw_score
from bayes_a2m.datasets.synthetic.settings import SynthesisSettings
from bayes_a2m.datasets.synthetic.singer import Singer, draw_singer
from bayes_a2m.music import FrameGrid


@dataclass(frozen=True)
class Synthesised:
    """Synthetic recording whose truth is known.

    Attributes
    ----------
    recording
        Samples and labels (the latter with whatever lag and jitter was asked for).
    clean
        The voice before the recording condition, shape ``(samples,)``.
    singer, score, condition
        What was drawn.
    curves
        The pitch and loudness asked for, continuous in time.
    """

    recording: Recording
    clean: NDArray[np.float32]
    singer: Singer
    score: tuple[SungNote, ...]
    condition: Condition
    curves: voice.Curves

    def sounding(self, grid: FrameGrid) -> NDArray[np.bool_]:
        """Find the frames at which the voice sounds any pitch, a mask ``(frames,)``."""
        times = self._times(grid)
        sounds = np.zeros(len(times), dtype=bool)
        for note in self.score:
            sounds |= (times >= note.onset) & (times < note.offset)
        return sounds

    def f0(self, grid: FrameGrid) -> NDArray[np.float64]:
        """Compute the f0 asked for at every frame, Hz, NaN where nothing sounds."""
        asked = self.curves.f0_at(self._times(grid))
        return np.where(self.sounding(grid), asked, np.nan)

    def truth(self, grid: FrameGrid) -> dict[str, Any]:
        """Convert all that was drawn to JSON's types; f0 is null where nothing sounds."""
        f0 = self.f0(grid)
        return {
            "id": self.recording.id,
            "sample_rate": grid.sample_rate,
            "hop": grid.hop,
            "singer": asdict(self.singer),
            "score": [asdict(note) for note in self.score],
            "condition": self.condition.model_dump(mode="json"),
            "f0": [None if np.isnan(value) else round(float(value), 3) for value in f0],
        }

    def _times(self, grid: FrameGrid) -> NDArray[np.float64]:
        frames = grid.frames_in(self.recording.duration)
        return np.arange(frames) * grid.hop / grid.sample_rate


def synthesise(settings: SynthesisSettings, index: int = 0) -> Synthesised:
    """Make recording number ``index`` of a set, without making the others.

    Singer, score, voice, condition and labels have generators of their own, all from
    (seed, index): another condition or lag leaves the voice as it was.
    """
    seeds = np.random.SeedSequence(settings.seed, spawn_key=(index,)).spawn(5)
    of_singer, of_score, of_voice, of_condition, of_labels = map(np.random.default_rng, seeds)
    middle = float(np.mean(settings.vocabulary.pitches)) + settings.sounding_offset
    singer = draw_singer(of_singer, 440.0 * 2 ** ((middle - 69) / 12))
    score = draw_score(
        of_score,
        singer,
        settings.vocabulary.pitches,
        settings.seconds,
        tempo=settings.tempo,
        out_of_vocabulary=settings.out_of_vocabulary,
        sounding_offset=settings.sounding_offset,
    )
    curves = voice.perform(of_voice, singer, score, settings.seconds, settings.sounding_offset)
    clean = voice.render(of_voice, singer, score, curves, settings.sample_rate)
    name = settings.conditions[index % len(settings.conditions)]
    severity = of_condition.uniform(*settings.severity)
    condition = conditions.draw(name, severity, of_condition)
    notes = labels.imperfect(
        of_labels,
        labels.exact_labels(score, settings.seconds),
        settings.seconds,
        lag=settings.label_lag_ms / 1000,
        jitter=settings.label_jitter_ms / 1000,
    )
    recording = Recording(
        f"{index + 1:03d}",
        samples=condition.apply(clean, settings.sample_rate),
        sample_rate=settings.sample_rate,
        condition=name,
        notes=tuple(notes),
    )
    return Synthesised(recording, clean, singer, tuple(score), condition, curves)

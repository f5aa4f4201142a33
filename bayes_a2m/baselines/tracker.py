"""Other people's pitch trackers, whose activations a logistic model turns into probabilities.

A tracker's confidence says how sure it is that there is a pitch, not how likely a class is, and
knows neither this vocabulary nor how these recordings were labelled. So its answers are features
like any others: the strength of the strongest candidate, and of the strongest near each pitch,
after ``sounding_offset`` and the octave rule (:mod:`bayes_a2m.baselines.pitch`).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from bayes_a2m import renamed
from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.frame_features import FrameFeatureBaseline, FrameFeatureOptions
from bayes_a2m.baselines.pitch import Octave, cents, closeness
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError

LEAST = 1e-3
"""The smallest strength told from 0, and from 1."""


@dataclass(frozen=True)
class PitchActivations:
    """Activations of pitches on a tracker's own frames.

    Attributes
    ----------
    seconds
        The centre of every frame, ascending, ``(frame,)``.
    hertz
        The frequency of its candidates, Hz, ``(frame, candidate)``; ``(1, candidate)`` where they
        are the same in every frame.
    strength
        The strength of each candidate, from 0 to 1, ``(frame, candidate)``.
    """

    seconds: Floats
    hertz: Floats
    strength: Floats


class Tracker(FrameFeatureBaseline):
    """A logistic model of the log-odds of the strongest candidate and of the strongest a pitch.

    Subclasses have a ``rate``, a ``backend`` and ``track``.

    Raises
    ------
    InputError
        If the tracker's package is not installed.
    """

    class Options(FrameFeatureOptions):
        """Settings of all trackers."""

        width: float = Field(100.0, gt=0, description="cents from a pitch that still count")
        octave: Octave = Field("fold", description="whether octaves of a pitch are that pitch")

    rate: int
    """The sample rate, Hz, of the samples that :meth:`track` takes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        _ = self.backend  # a package that is missing is told before anything is read

    def __getstate__(self) -> dict[str, Any]:
        """Without the backend: sessions do not go from one process to another."""
        return {name: value for name, value in self.__dict__.items() if name != "backend"}

    @cached_property
    @abstractmethod
    def backend(self) -> Any:
        """The tracker itself.

        Raises
        ------
        InputError
            If its package is not installed.
        """

    @abstractmethod
    def track(self, samples: Floats) -> PitchActivations:
        """Track the pitch of mono samples at :attr:`rate`, ``(sample,)``."""

    def frame_features(self, recording: Recording) -> Floats:
        """Log-odds of any pitch and of each, on the grid's frames: ``(frame, 1 + pitch)``."""
        activations = self.track(np.asarray(recording.audio(self.rate), dtype=np.float64))
        near = closeness(
            cents(activations.hertz, self.vocabulary, self.options.octave), self.options.width
        )
        strongest = [activations.strength.max(axis=1)]
        strongest += [
            (activations.strength * weight).max(axis=1) for weight in np.moveaxis(near, -1, 0)
        ]
        strength = np.clip(np.stack(strongest, axis=1), LEAST, 1.0 - LEAST)
        odds = np.log(strength / (1.0 - strength))
        grid = self.grid
        frames = grid.frames_of(len(recording.audio(grid.sample_rate)))
        seconds = np.arange(frames) * grid.hop_seconds
        return np.stack(
            [np.interp(seconds, activations.seconds, column) for column in odds.T], axis=1
        )


def package_file(package: str, file: str, install: str) -> Path:
    """Find a file that an installed package brings along; the package is not imported.

    Raises
    ------
    InputError
        If the package or the file is not there; ``install`` says how to get it.
    """
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / file).is_file():
            return Path(folder) / file
    raise InputError(f"{package} is not installed: {install}")


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)

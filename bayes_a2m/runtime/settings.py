"""Settings of an exported model: ``runtime.json``, which stands beside the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary

KINDS = ("cqt",)
"""Features that the runtime computes."""


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of the features, such as an experiment's section ``features`` has them."""

    bins: int
    sample_rate: int
    hop: int
    floor_db: float
    bins_per_octave: int
    fmin: float
    kind: str = "cqt"

    @property
    def grid(self) -> FrameGrid:
        """Times of the frames."""
        return FrameGrid(self.sample_rate, self.hop)


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings that a network needs around it, but for the parts that have files of their own.

    Attributes
    ----------
    method
        Name of the posterior in experiment files.
    vocabulary
        The classes.
    features
        Settings of what the network reads.
    window, overlap
        Frames of a window, and of the overlap of two.
    chains, draws
        Chains, and draws of each that are stored; one of each of a point estimate.
    onsets, pitch
        Whether the network has an output of onsets, and one of continuous pitch.
    weights
        SHA-256 of the ``model.safetensors`` that it was exported from.
    version
        Version of the package that exported it.
    files
        SHA-256 of the networks and arrays, by name.
    """

    method: str
    vocabulary: Vocabulary
    features: FeatureSettings
    window: int
    overlap: int
    chains: int = 1
    draws: int = 1
    onsets: bool = False
    pitch: bool = False
    weights: str = ""
    version: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``runtime.json`` holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Restore from what ``runtime.json`` holds.

        Raises
        ------
        InputError
            If the features are of a kind that the runtime does not compute.
        KeyError, TypeError, ValueError
            If something is missing, unknown or of the wrong kind.
        """
        features = FeatureSettings(**values["features"])
        if features.kind not in KINDS:
            raise InputError(f"features of kind {features.kind!r} are not computed without torch")
        known = {**values["vocabulary"], "pitches": tuple(values["vocabulary"]["pitches"])}
        made = cls(**{**values, "features": features, "vocabulary": Vocabulary(**known)})
        counts = (made.window, made.chains, made.draws, features.bins, features.hop)
        if any(not isinstance(count, int) or count < 1 for count in counts):
            raise ValueError("a length or a number is not positive")
        return made

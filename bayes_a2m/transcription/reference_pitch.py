"""Tuning of a recording: where its A4 lies, from the continuous pitch under its notes.

Notes of equal temperament lie 100 cents apart, so a tuning is known modulo 100 cents: it is the
circular mean of how far notes are from the nearest semitone at A4 = 440 Hz, each weighed by how
long its pitch could be followed. The interval resamples notes. A singer who is flat and a band that
is tuned low are the same thing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bayes_a2m.baselines.pitch_curve import PitchCurve

CONCERT = 440.0
"""Hertz of A4."""

FEWEST_NOTES = 4
"""Notes below which nothing is said of a recording's tuning."""

FEWEST_FRAMES = 5
"""Frames with a pitch below which a note does not count."""

RESAMPLES = 500
"""Resamples of the notes that the interval comes from."""

WIDEST = 25.0
"""Cents to either side from which on the tuning is not known: half of all there are."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReferencePitch:
    """The tuning of a recording.

    Attributes
    ----------
    cents
        From A4 = 440 Hz, above zero where higher, from -50 to 50.
    low, high
        A 90 % interval of it, in cents.
    notes
        The number of notes that it comes from.
    """

    cents: float
    low: float
    high: float
    notes: int

    @property
    def hertz(self) -> float:
        """The frequency of its A4.

        >>> ReferencePitch(-18.0, -22.0, -14.0, 12).hertz
        435.44...
        """
        return float(CONCERT * 2 ** (self.cents / 1200))

    @property
    def words(self) -> str:
        """A phrase for the terminal.

        >>> ReferencePitch(-18.0, -22.0, -14.0, 12).words
        'tuned to A4 = 435 Hz (-18 cents, between -22 and -14)'
        """
        return (
            f"tuned to A4 = {self.hertz:.0f} Hz ({self.cents:+.0f} cents, between {self.low:+.0f} "
            f"and {self.high:+.0f})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "a4_hertz": round(self.hertz, 2),
            "cents": round(self.cents, 2),
            "interval": [round(self.low, 2), round(self.high, 2)],
            "notes": self.notes,
        }


def reference_pitch(curve: PitchCurve) -> ReferencePitch | None:
    """The tuning of a recording whose pitch was followed.

    Parameters
    ----------
    curve
        Its pitch curve.

    Returns
    -------
    ReferencePitch or None
        None where it is not known: too few notes, or they lie anywhere between semitones.
    """
    parts = [curve.of_note(i) for i in range(int(curve.note.max(initial=-1)) + 1)]
    parts = [cents for cents in parts if cents.size >= FEWEST_FRAMES]
    if len(parts) < FEWEST_NOTES:
        return None
    places = np.array([float(np.median(cents)) for cents in parts])
    weights = np.array([float(cents.size) for cents in parts])
    vectors = weights * np.exp(2j * np.pi * places / 100)
    whole = complex(vectors.sum())
    generator = np.random.default_rng(0)
    chosen = generator.integers(len(parts), size=(RESAMPLES, len(parts)))
    # about the whole recording's, so that an interval never runs round the circle
    around = np.angle(vectors[chosen].sum(axis=1) / whole) * 100 / (2 * np.pi)
    low, high = np.percentile(around, [5, 95])
    if max(-low, high) > WIDEST:
        return None
    cents = float(np.angle(whole)) * 100 / (2 * np.pi)
    return ReferencePitch(cents, cents + float(low), cents + float(high), len(parts))

"""The conditions that a model learned in, and how a recording differs from them.

A promise holds inside its conditions. A model keeps the range of level, noise floor, bandwidth and
clipping of its training recordings; what lies outside of it is told in words, and promises made
there are withdrawn by whoever makes them.

The level is more than told. A recording whose loud parts lie outside of what was learned from is
brought to the median level of the training recordings, by one gain for all of it, before its
features are taken. The gain undoes a volume control exactly; it is bounded so that the noise floor
does not come to lie above those that were learned from, and it is not given to a recording without
pauses or without a voice, whose loud and quiet parts are one. A recording inside of the range is
left as it is, to the last digit.

>>> loud, quiet = SignalStatistics(-18, -55, 3000, 0), SignalStatistics(-48, -85, 3000, 0)
>>> learned = TrainingConditions.fit(replace(loud, level_db=level) for level in (-22, -18, -14))
>>> round(learned.gain_db(quiet), 1)
30.0
>>> learned.gain_db(loud)
0.0
>>> learned.differences(quiet)[0]
'its loud parts lie at -48 dBFS, 26 dB below nearly all recordings that the model learned from'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.signal import NAMES, SignalStatistics
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError

OUTSIDE = 2.5
"""Percent of the training recordings that lie below the range, and above it."""

CONTRAST_DB = 3.0
"""Difference of loud and quiet parts below which it is not known what of a recording is voice."""

MARGINS: Mapping[str, float] = {"level_db": 4.0, "floor_db": 6.0, "bandwidth_hz": 500.0}
"""How far beyond the range a recording may lie before anything is done or told.

Of the level, the spread that training itself adds to it (``training.augment.gain_db``).
"""

CLIPPED = 0.01
"""Share of clipped samples that is told, at the least; peaks cut off now and then do no harm."""

FORMAT = 1
"""Version of ``conditions.json``."""


@dataclass(frozen=True)
class Range:
    """The low end, the median and the high end of what was learned from."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class TrainingConditions:
    """The ranges of the training recordings, by the name of the statistic."""

    ranges: Mapping[str, Range]

    @classmethod
    def fit(cls, statistics: Iterable[SignalStatistics]) -> TrainingConditions:
        """Take the ranges of the training recordings.

        Raises
        ------
        InputError
            If there is none.
        """
        table = np.array(
            [list(statistic.to_dict().values()) for statistic in statistics], dtype=np.float64
        )
        if not len(table):
            raise InputError("no training recording whose conditions could be kept")
        quantiles = np.percentile(table, [OUTSIDE, 50, 100 - OUTSIDE], axis=0)
        return cls({n: Range(*map(float, quantiles[:, i])) for i, n in enumerate(NAMES)})

    @classmethod
    def of(cls, recordings: Iterable[Recording], sample_rate: int) -> TrainingConditions:
        """Measure recordings at the rate that a model works at."""
        return cls.fit(SignalStatistics.of(r.audio(sample_rate), sample_rate) for r in recordings)

    def gain_db(self, statistics: SignalStatistics) -> float:
        """The gain that brings a recording to the level that was learned from.

        Zero inside of the range, and where the recording has no contrast.
        """
        level, floor = self.ranges["level_db"], self.ranges["floor_db"]
        margin = MARGINS["level_db"]
        inside = level.low - margin <= statistics.level_db <= level.high + margin
        if inside or statistics.level_db - statistics.floor_db < CONTRAST_DB:
            return 0.0
        gain = level.median - statistics.level_db
        return min(gain, max(0.0, floor.high - statistics.floor_db)) if gain > 0 else gain

    def levelled(self, recording: Recording, sample_rate: int) -> Recording:
        """The recording at the level that was learned from; the same object where it has it."""
        samples = recording.audio(sample_rate)
        gain = self.gain_db(SignalStatistics.of(samples, sample_rate))
        if gain == 0.0:
            return recording
        louder: NDArray[np.float32] = (samples * np.float32(10 ** (gain / 20))).astype(np.float32)
        return replace(recording, path=None, samples=louder, sample_rate=sample_rate)

    def differences(self, statistics: SignalStatistics) -> list[str]:
        """Say what sets a recording apart from those that were learned from, a phrase each."""
        values = statistics.to_dict()
        below = {name: self.ranges[name].low - values[name] for name in MARGINS}
        above = {name: values[name] - self.ranges[name].high for name in MARGINS}
        nearly_all = "nearly all recordings that the model learned from"
        told = []
        for name, what, unit in (
            ("level_db", "its loud parts lie at {:.0f} dBFS", "dB"),
            ("floor_db", "its quiet parts lie at {:.0f} dBFS", "dB"),
            ("bandwidth_hz", "its sound reaches up to {:.0f} Hz", "Hz"),
        ):
            for by, way in ((below[name], "below"), (above[name], "above")):
                # a lower noise floor than was learned from does no harm
                if by > MARGINS[name] and (name, way) != ("floor_db", "below"):
                    told.append(f"{what.format(values[name])}, {by:.0f} {unit} {way} {nearly_all}")
        clipped = self.ranges["clipped"].high
        if statistics.clipped > max(2 * clipped, CLIPPED):
            told.append(
                f"{100 * statistics.clipped:.1f} % of its samples are clipped, of {nearly_all} "
                f"less than {100 * max(clipped, 0.0005):.1g} %"
            )
        return told

    def to_dict(self) -> dict[str, Any]:
        """The content of ``conditions.json``."""
        return {
            "format_version": FORMAT,
            **{name: vars(span) for name, span in self.ranges.items()},
        }

    @classmethod
    def from_dict(cls, values: Any, source: str) -> TrainingConditions:
        """Read ``conditions.json``; ``source`` is named in errors.

        Raises
        ------
        InputError
            If it is of another version, or a number is missing or not finite.
        """
        if not isinstance(values, dict) or values.get("format_version") != FORMAT:
            raise InputError(f"{source}: not conditions as this version reads them; train again")
        try:
            ranges = {n: Range(**{k: float(v) for k, v in values[n].items()}) for n in NAMES}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source}: lacks or misstates {error}; train again") from error
        numbers = [number for span in ranges.values() for number in vars(span).values()]
        if not np.isfinite(numbers).all():
            raise InputError(f"{source}: a number is not finite; train again")
        return cls(ranges)

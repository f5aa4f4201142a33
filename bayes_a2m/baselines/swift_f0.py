"""swift-f0 gives one frequency and its confidence, every 16 ms.

The detector is that of https://github.com/lars76/swift-f0; its one candidate's strength is its
confidence.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.tracker import PitchActivations, Tracker
from bayes_a2m.errors import InputError

INSTALL = "pip install 'bayes_a2m[peers]'"


class SwiftF0(Tracker):
    """swift-f0's pitch and confidence, made into probabilities of classes.

    Raises
    ------
    InputError
        If swift-f0 is not installed.
    """

    name = "swift_f0"
    rate = 16000

    @cached_property
    def backend(self) -> Any:
        """The detector, on one thread: a process beside others must not fight for processors."""
        try:
            import swift_f0
        except ImportError as error:
            raise InputError(f"swift_f0 is not installed: {INSTALL}") from error
        return swift_f0.SwiftF0(threads=1, spin=False)

    def track(self, samples: Floats) -> PitchActivations:
        """The pitch and confidence of swift-f0's own frames."""
        detected = self.backend.detect(samples, self.rate)
        return PitchActivations(
            np.asarray(detected.timestamps, dtype=np.float64),
            np.asarray(detected.pitch_hz, dtype=np.float64)[:, None],
            np.asarray(detected.confidence, dtype=np.float64)[:, None],
        )

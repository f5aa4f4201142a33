"""Linear prediction as a baseline: what its frame features say of tones, hiss and nothing."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.datasets import Dataset, Recording
from tests.baselines.contract import BaselineContract
from tests.baselines.small import QUICK, fitted, harmonics


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> LPC:
    return fitted(LPC(penalty=1e-4), tiny_data)


class TestLPC(BaselineContract):
    covers = "lpc"


def test_frame_features_tell_a_tone_from_hiss_and_from_nothing(tiny_data: Dataset) -> None:
    model = fitted(LPC(cepstra=3, **QUICK), tiny_data)
    c4 = 440 * 2 ** (-9 / 12)
    hiss = 0.1 * np.random.default_rng(0).standard_normal(16000)
    sounds = {"tone": harmonics(c4, 1.0, 16000), "hiss": hiss, "nothing": np.zeros(16000)}
    heard = {}
    for name, samples in sounds.items():
        recording = Recording(name, samples=samples.astype(np.float32), sample_rate=16000)
        values = model.frame_features(recording)
        # level, residual level, voicing, near each of three pitches, height at each, three cepstra
        assert values.shape == (model.grid.frames_of(16000), 2 + 1 + 3 + 3 + 3)
        assert np.isfinite(values).all()
        heard[name] = np.median(values[40:-40], axis=0)
    assert heard["tone"][2] > 0.8 > 0.4 > heard["hiss"][2]
    assert heard["nothing"][2] == 0
    assert heard["nothing"][0] == pytest.approx(-90)
    assert heard["tone"][3] > 0.8  # near C4
    assert heard["tone"][4] < 0.01  # and not near E4
    assert heard["tone"][6] > max(heard["tone"][7:9]) + 0.3
    # a tone is foretold, hiss is not
    assert heard["tone"][0] - heard["tone"][1] > 15
    assert heard["hiss"][0] - heard["hiss"][1] < 6

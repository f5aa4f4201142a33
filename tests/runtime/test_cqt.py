"""The CQT by numpy gives what the one by torch gives."""

import numpy as np
import pytest
import torch

from bayes_a2m.audio import cqt
from bayes_a2m.errors import InputError
from bayes_a2m.runtime.cqt import CQT

SETTINGS = (
    {},
    {"bins": 60, "bins_per_octave": 12, "fmin": 65.4},
    {"bins": 84, "hop": 160, "sample_rate": 22050, "bins_per_octave": 24},
)


@pytest.mark.parametrize("settings", SETTINGS, ids=["default", "coarse", "other_rate"])
@pytest.mark.parametrize("samples", [50, 1000, 64000, 100_000])
def test_both_transforms_agree(settings: dict[str, int], samples: int) -> None:
    signal = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    expected = cqt.CQT(**settings)(torch.from_numpy(signal)).abs().numpy()
    found = CQT(**settings)(signal)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_band_past_half_the_rate_is_refused() -> None:
    with pytest.raises(InputError, match="past half of 16000 Hz"):
        CQT(bins=300)

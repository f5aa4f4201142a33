"""The mel spectrogram is librosa's, on the CQT's frames."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
import pytest
import torch

from bayes_a2m.audio.mel import Mel
from bayes_a2m.errors import InputError


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hop": 160, "bins": 80, "window": 1024, "fmin": 60.0, "fmax": 7600.0},
        {"sample_rate": 22050, "hop": 256, "bins": 128, "fmin": 0.0, "fmax": 11025.0},
    ],
)
@pytest.mark.parametrize("samples", [32000, 700])
def test_is_librosas(settings: dict[str, Any], samples: int) -> None:
    mel = Mel(**settings)
    sound = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=sound,
        sr=settings.get("sample_rate", 16000),
        n_fft=settings.get("window", 2048),
        hop_length=settings.get("hop", 96),
        n_mels=settings.get("bins", 128),
        fmin=settings.get("fmin", 30.0),
        fmax=settings.get("fmax", 8000.0),
        power=2.0,
        pad_mode="constant",
    )
    ours = mel(torch.from_numpy(sound)).numpy()
    frames = samples // settings.get("hop", 96)
    assert ours.shape == (frames, settings.get("bins", 128))
    np.testing.assert_allclose(ours, np.sqrt(power).T[:frames], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(("samples", "frames"), [(64000, 666), (95, 1), (1, 1), (96 * 3, 3)])
def test_frames_are_those_of_the_cqt(samples: int, frames: int) -> None:
    assert Mel()(torch.zeros(samples)).shape == (frames, 128)


def test_a_batch_is_each_alone() -> None:
    mel = Mel()
    samples = torch.randn(2, 3, 4000, generator=torch.Generator().manual_seed(0))
    together = mel(samples)
    assert together.shape == (2, 3, 41, 128)
    torch.testing.assert_close(together[1, 2], mel(samples[1, 2]))


@pytest.mark.parametrize("band", [(30.0, 9000.0), (500.0, 400.0), (500.0, 500.0)])
def test_a_band_that_does_not_fit_is_refused(band: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="does not fit 16000 Hz"):
        Mel(fmin=band[0], fmax=band[1])

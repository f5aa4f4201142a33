"""The CQT is what its formula says, what librosa computes, and differentiable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from bayes_a2m.audio.cqt import CQT
from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.audio.cqt_kernels import make_kernels
from bayes_a2m.errors import InputError

RATE = 16000

OTHERS = [
    {"sample_rate": 16000, "hop": 160},
    {"sample_rate": 22050, "hop": 96, "bins": 84, "bins_per_octave": 12},
    {"sample_rate": 22050, "hop": 441, "bins": 60, "bins_per_octave": 12, "fmin": 110.0},
    # kernels shorter than a hop
    {"sample_rate": 22050, "hop": 512, "bins": 24, "bins_per_octave": 12, "fmin": 2000.0},
    {"sample_rate": 44100, "hop": 1024, "bins": 12, "bins_per_octave": 12, "fmin": 8000.0},
]


@pytest.fixture(scope="module")
def cqt() -> CQT:
    return CQT()


def kernel_lengths(sample_rate: int, frequencies: NDArray[np.float64], per_octave: int) -> Any:
    """Samples of each kernel; Q is that of librosa."""
    ratio = 2 ** (1 / per_octave)
    return (ratio**2 + 1) / (ratio**2 - 1) * sample_rate / frequencies


def by_definition(
    samples: NDArray[np.floating], centre: int, frequency: float, length: float, rate: int
) -> complex:
    """The sum of the module's docstring, term by term."""
    half = int(length / 2)
    n = np.arange(-half, half + 1)
    inside = (centre + n >= 0) & (centre + n < len(samples))
    n = n[inside]
    window = 0.5 + 0.5 * np.cos(2 * np.pi * n / length)
    wave = np.exp(-2j * np.pi * frequency * n / rate)
    return complex(2 / np.sqrt(length) * np.sum(samples[centre + n] * window * wave))


def voice_like(seconds: float, rate: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """A harmonic tone with vibrato, gliding a fifth, over noise."""
    time = np.arange(round(seconds * rate)) / rate
    f0 = 131 * 1.5 ** (time / seconds) * (1 + 0.01 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    tone = sum(np.sin(h * phase) / h for h in range(1, 15))
    return (0.1 * tone + 0.003 * generator.standard_normal(len(time))).astype(np.float32)


def relative_error(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize("bin_", [60, 135, 200])
@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_a_sine_peaks_in_its_bin_with_its_amplitude(cqt: CQT, bin_: int, amplitude: float) -> None:
    frequency = C1 * 2 ** (bin_ / 36)
    time = np.arange(4 * RATE) / RATE
    sine = amplitude * np.sin(2 * np.pi * frequency * time + 0.3)
    spectrum = cqt(torch.from_numpy(sine).float()).abs()
    length = kernel_lengths(RATE, np.array(frequency), 36)
    assert spectrum[333].argmax() == bin_
    assert float(spectrum[333, bin_]) == pytest.approx(amplitude * np.sqrt(length) / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("samples", "frames"), [(64000, 666), (64001, 666), (64032, 667), (96, 1), (95, 1), (1, 1)]
)
def test_frames_are_the_whole_hops(cqt: CQT, samples: int, frames: int) -> None:
    assert cqt(torch.zeros(samples)).shape == (frames, 252)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 960)])
def test_nothing_in_gives_nothing_out(cqt: CQT, shape: tuple[int, ...]) -> None:
    spectrum = cqt(torch.zeros(shape))
    assert spectrum.shape == (*shape[:-1], shape[-1] // 96, 252)
    assert spectrum.is_complex()


@pytest.mark.long
def test_agrees_with_librosa_on_a_tone_in_noise(cqt: CQT) -> None:
    samples = voice_like(4.0, RATE, np.random.default_rng(0))
    ours = cqt(torch.from_numpy(samples)).abs().numpy()
    assert relative_error(ours, librosa_cqt(samples)[: len(ours)]) < 0.01


@pytest.mark.long
def test_agrees_with_librosa_on_real_voices(cqt: CQT, voices: Path) -> None:
    paths = sorted(voices.glob("voice_*.wav"))[::40]
    assert paths
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE
        ours = cqt(torch.from_numpy(samples)).abs().numpy()
        theirs = librosa_cqt(samples)[: len(ours)]
        assert relative_error(ours, theirs) < 0.01, path.name


def librosa_cqt(samples: NDArray[np.float32], **settings: Any) -> NDArray[np.floating]:
    """Magnitudes, (frames, bins)."""
    names = {"sr": RATE, "hop_length": 96, "fmin": C1, "n_bins": 252, "bins_per_octave": 36}
    spectrum: NDArray[np.floating] = np.abs(librosa.cqt(samples, **(names | settings))).T
    return spectrum


@pytest.mark.long
@pytest.mark.parametrize("settings", [{}, *OTHERS])
def test_long_signals_are_the_windowed_inner_products_everywhere(settings: dict[str, Any]) -> None:
    cqt = CQT(**settings)
    rate, hop = cqt.sample_rate, cqt.hop
    generator = np.random.default_rng(1)
    samples = generator.standard_normal(20 * rate + 37).astype(np.float32)
    ours = cqt(torch.from_numpy(samples)).numpy()
    assert len(ours) == len(samples) // hop
    per_chunk = cqt.points - 2 * cqt.margin
    assert len(ours) > 2 * per_chunk, "the signal must take several chunks"
    seams = [k * per_chunk + step for k in (1, 2) for step in (-1, 0, 1)]
    frames = [0, 1, 7, *seams, len(ours) // 2, len(ours) - 2, len(ours) - 1]
    bins = [0, 1, cqt.bins // 2, cqt.bins - 1]
    frequencies = cqt.frequencies.numpy()
    lengths = kernel_lengths(rate, frequencies, settings.get("bins_per_octave", 36))
    expected = np.array(
        [
            [by_definition(samples, t * hop, frequencies[b], lengths[b], rate) for b in bins]
            for t in frames
        ]
    )
    # of a typical value, so that a frame whose value is by chance near zero is no trap
    scale = np.sqrt(np.mean(np.abs(expected) ** 2))
    assert np.abs(ours[np.ix_(frames, bins)] - expected).max() < 3e-3 * scale


@pytest.mark.parametrize("settings", OTHERS[:3])
def test_other_parameters_agree_with_librosa(settings: dict[str, Any]) -> None:
    cqt = CQT(**settings)
    samples = voice_like(2.0, cqt.sample_rate, np.random.default_rng(2))
    ours = cqt(torch.from_numpy(samples)).abs().numpy()
    theirs = librosa_cqt(
        samples,
        sr=cqt.sample_rate,
        hop_length=cqt.hop,
        fmin=settings.get("fmin", C1),
        n_bins=cqt.bins,
        bins_per_octave=settings.get("bins_per_octave", 36),
    )
    assert relative_error(ours, theirs[: len(ours)]) < 0.01


def test_one_chunk_or_many_is_the_same() -> None:
    samples = torch.from_numpy(voice_like(8.0, RATE, np.random.default_rng(3)))
    cqt, whole = (CQT(bins=72, bins_per_octave=12, fmin=2 * C1) for _ in range(2))
    # as many points as the whole signal and its margins need
    shape = {"sample_rate": RATE, "hop": whole.hop, "bins": 72, "bins_per_octave": 12}
    whole._take(make_kernels(**shape, fmin=2 * C1, points=1500))
    assert whole.points == 1500
    assert whole.points - 2 * whole.margin > cqt.frames(len(samples)) > 5 * cqt.points
    one, many = whole(samples).numpy(), cqt(samples).numpy()
    assert relative_error(many, one) < 1e-3


def test_a_batch_is_each_alone(cqt: CQT) -> None:
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(2, 3, 9600, generator=generator)
    together = cqt(samples)
    assert together.shape == (2, 3, 100, 252)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(together[i, j], cqt(samples[i, j]), rtol=0, atol=0)


def test_is_linear_and_deterministic(cqt: CQT) -> None:
    generator = torch.Generator().manual_seed(1)
    a, b = torch.randn(2, 9600, generator=generator)
    torch.testing.assert_close(cqt(a + 2 * b), cqt(a) + 2 * cqt(b), rtol=1e-4, atol=1e-4)
    assert torch.equal(cqt(a), cqt(a))


def test_gradients_are_those_of_finite_differences() -> None:
    cqt = CQT(bins=36, bins_per_octave=12, fmin=8 * C1).double()
    generator = torch.Generator().manual_seed(2)
    samples = torch.randn(40000, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(416, 36, generator=generator, dtype=torch.float64)

    def loss(x: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = (cqt(x).abs().square() * weights).sum()
        return total

    (gradient,) = torch.autograd.grad(loss(samples), samples)
    assert cqt.frames(40000) > cqt.points - 2 * cqt.margin  # across a seam, too
    with torch.no_grad():
        for i in (0, 1, 9000, 20011, 39999):
            step = torch.zeros(40000, dtype=torch.float64)
            step[i] = 1e-4
            slope = (loss(samples + step) - loss(samples - step)) / 2e-4
            assert float(gradient[i]) == pytest.approx(float(slope), rel=1e-5, abs=1e-6)


def test_gradients_flow_in_single_precision(cqt: CQT) -> None:
    samples = torch.randn(9600, generator=torch.Generator().manual_seed(3), requires_grad=True)
    cqt(samples).abs().sum().backward()
    assert samples.grad is not None
    assert torch.isfinite(samples.grad).all()
    assert (samples.grad != 0).all()


def test_a_click_is_heard_where_it_is(cqt: CQT) -> None:
    samples = torch.zeros(64000)
    samples[300 * 96] = 1.0
    spectrum = cqt(samples).abs()
    assert (spectrum[:, 100:].argmax(dim=0) == 300).all()


def test_bins_past_half_the_rate_are_refused() -> None:
    CQT(sample_rate=16000, bins=280)
    with pytest.raises(InputError, match="past half of 16000 Hz"):
        CQT(sample_rate=16000, bins=288)
    with pytest.raises(InputError, match="fewer bins or a higher rate"):
        CQT(sample_rate=8000)

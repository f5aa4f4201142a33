"""Several channels, scales and constants: the sound comes through, and what was done is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.audio.mono import to_mono

RNG = np.random.default_rng(0)
SOUND = (0.3 * np.sin(np.arange(32000) / 9) + 0.01 * RNG.standard_normal(32000)).astype(np.float32)
OTHER = (0.1 * RNG.standard_normal(32000)).astype(np.float32)


def mono(*channels: NDArray[np.floating]) -> tuple[NDArray[np.float32], list[str]]:
    samples, repairs = to_mono(np.stack(channels, axis=1).astype(np.float32))
    return samples, [r.code for r in repairs]


@pytest.mark.parametrize(
    "channels",
    [
        (SOUND,),
        (SOUND, SOUND),
        (SOUND, OTHER),
        (SOUND, 0 * SOUND),
        (SOUND, -0.2 * SOUND),
        (SOUND, np.roll(SOUND, 3)),
        (0 * SOUND, 0 * SOUND),
        (SOUND, 0 * SOUND, 0 * SOUND, 0 * SOUND, 0 * SOUND, 0 * SOUND),
    ],
)
def test_channels_are_averaged(channels: tuple[NDArray[np.float32], ...]) -> None:
    samples, codes = mono(*channels)
    np.testing.assert_array_equal(samples, np.stack(channels, axis=1).mean(axis=1))
    assert codes == []


@pytest.mark.parametrize(
    ("channels", "taken"),
    [
        ((SOUND, -SOUND), 0),
        ((-0.9 * SOUND, SOUND), 1),
        ((SOUND, -0.7 * SOUND + 0.001 * OTHER), 0),
        ((SOUND + 0.01, -SOUND + 0.01), 0),  # a common constant hides it from the energy
        ((SOUND, -SOUND, SOUND, -SOUND), 0),
        ((0.1 * OTHER, SOUND, -SOUND), 1),
    ],
)
def test_of_channels_that_cancel_the_loudest_is_taken(
    channels: tuple[NDArray[np.float32], ...], taken: int
) -> None:
    samples, codes = mono(*channels)
    np.testing.assert_array_equal(samples, channels[taken].astype(np.float32))
    assert codes == ["antiphase"]


def test_channels_that_cancel_for_a_while_are_found() -> None:
    other = SOUND.copy()
    other[16000:] *= -1
    samples, codes = mono(SOUND, other)
    assert codes == ["antiphase"]
    assert np.abs(samples[16000:]).max() > 0.2


@given(st.sampled_from([15, 23, 31]), st.floats(0.05, 1.0))
def test_samples_at_the_scale_of_integers(bits: int, level: float) -> None:
    sound = (level / 0.35 * SOUND).clip(-1, 1)
    if bits > 15:
        sound[7] = 1.0  # the largest sample tells the scale
    samples, codes = mono(2.0**bits * sound)
    np.testing.assert_allclose(samples, sound, rtol=1e-6)
    assert codes == ["sample-scale"]


def test_samples_a_little_over_full_scale_are_kept() -> None:
    samples, codes = mono(5 * SOUND)
    np.testing.assert_array_equal(samples, 5 * SOUND)
    assert codes == ["over-full-scale"]
    loud = SOUND / np.abs(SOUND).max()
    assert mono(loud)[1] == []


def test_a_single_spike_does_not_make_the_rest_quiet() -> None:
    spiked = SOUND.copy()
    spiked[1000] = 9000.0
    samples, codes = mono(spiked)
    assert codes == ["over-full-scale"]
    assert samples[1000] == 1
    np.testing.assert_array_equal(np.delete(samples, 1000), np.delete(SOUND, 1000))


def test_a_constant_is_taken_off_where_it_is_a_fault() -> None:
    samples, codes = mono(SOUND + 0.5)
    np.testing.assert_allclose(samples, SOUND - SOUND.mean(), atol=1e-5)
    assert codes == ["dc-offset"]
    samples, codes = mono(SOUND + 0.015)
    assert codes == []
    np.testing.assert_array_equal(samples, (SOUND + 0.015).astype(np.float32))

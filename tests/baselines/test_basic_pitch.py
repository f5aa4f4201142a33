"""basic-pitch's windows: frames where their samples are, and each of them once."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m.baselines.basic_pitch import FRAMES, HOP, NOTES, WINDOW, BasicPitch
from bayes_a2m.errors import InputError
from tests.baselines.small import harmonics

RATE = 22050


@pytest.fixture(scope="module")
def model() -> BasicPitch:
    try:
        return BasicPitch()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def melody() -> NDArray[np.float64]:
    """Six notes over two seams of windows."""
    midi = (57, 60, 64, 59, 62, 55)
    return np.concatenate([harmonics(440 * 2 ** ((p - 69) / 12), 0.8, RATE) for p in midi])


@pytest.mark.parametrize("samples", [1, 256, WINDOW, 3 * WINDOW + 17])
def test_every_instant_has_a_frame_nearby(model: BasicPitch, samples: int) -> None:
    heard = model.track(np.zeros(samples))
    steps = np.diff(heard.seconds) * RATE
    assert heard.seconds[0] == 0
    assert heard.seconds[-1] * RATE >= samples - 1
    assert steps.min() >= 0
    assert steps.max() <= 2 * HOP
    assert heard.strength.shape == (len(heard.seconds), 88)


@pytest.mark.parametrize("pitch", [48, 60, 67, 81])
def test_the_strongest_note_is_the_tones(model: BasicPitch, pitch: int) -> None:
    assert NOTES[pitch - 21] == pytest.approx(440 * 2 ** ((pitch - 69) / 12))
    heard = model.track(harmonics(NOTES[pitch - 21], 1.0, RATE))
    inside = (heard.seconds > 0.3) & (heard.seconds < 0.7)
    assert (heard.strength[inside].argmax(axis=1) == pitch - 21).all()
    assert heard.strength[inside].max(axis=1).min() > 0.5


def test_notes_change_when_they_do(model: BasicPitch, melody: NDArray[np.float64]) -> None:
    heard = model.track(melody)
    called = 21 + heard.strength.argmax(axis=1)
    for i, pitch in enumerate((57, 60, 64, 59, 62, 55)):
        inside = (heard.seconds > 0.8 * i + 0.1) & (heard.seconds < 0.8 * i + 0.7)
        assert (called[inside] == pitch).mean() > 0.95
        # a window drawn a tenth of a second aside would call the neighbour's for longer
        change = (heard.seconds > 0.8 * i + 0.05) & (heard.seconds < 0.8 * i + 0.1)
        assert (called[change] == pitch).mean() > 0.5


def test_a_seam_is_heard_as_the_middle_of_a_window_is(
    model: BasicPitch, melody: NDArray[np.float64]
) -> None:
    """The seam of the first two windows, by the model asked with a window around it."""
    heard = model.track(melody)
    seam = WINDOW - 30 * HOP
    start = (seam - WINDOW // 2) // HOP * HOP
    window = melody[start : start + WINDOW].astype(np.float32)[None, :, None]
    (name,) = (given.name for given in model.backend.get_inputs())
    alone = model.backend.run(["StatefulPartitionedCall:1"], {name: window})[0][0]
    assert alone.shape == (FRAMES, 88)
    seconds = (start + np.arange(FRAMES) * HOP) / RATE
    middle = np.abs(seconds * RATE - seam) < 30 * HOP
    joined = np.stack([np.interp(seconds, heard.seconds, one) for one in heard.strength.T], axis=1)
    assert np.abs(joined - alone)[middle].mean() < 0.01
    same = joined[middle].argmax(axis=1) == alone[middle].argmax(axis=1)
    assert same.mean() > 0.9

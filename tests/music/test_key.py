"""Keys as a prior: names as people write them, and weights from the published shares."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.music.key import FREE, MAJOR, MINOR, Key


@pytest.mark.parametrize("text", ["C major", "c maj", "C", "C-major", " C  Major "])
def test_ways_to_write_a_key(text: str) -> None:
    assert Key.parse(text) == Key(0, "major")


@pytest.mark.parametrize("text", ["H major", "C dorian", "", "major", "C4", "C ## major"])
def test_what_is_no_key_is_told_in_a_line(text: str) -> None:
    with pytest.raises(InputError, match="write a tonic and a mode") as told:
        Key.parse(text)
    assert "\n" not in str(told.value)


def test_weights_average_to_one_and_forbid_nothing() -> None:
    for mode, shares in (("major", MAJOR), ("minor", MINOR)):
        weights = [Key.parse(f"Eb {mode}").weight(pitch) for pitch in range(60, 72)]
        assert np.mean(weights) == pytest.approx(1)
        assert min(weights) > FREE
        # the tonic of E flat is MIDI 63
        tonic = (1 - FREE) * 12 * shares[0] / sum(shares) + FREE
        assert weights[3] == pytest.approx(tonic)


def test_relative_keys_share_their_scale() -> None:
    major, minor = Key.parse("C major"), Key.parse("A minor")
    white = (0, 2, 4, 5, 7, 9, 11)
    for key in (major, minor):
        low = max(key.weight(60 + k) for k in range(12) if k not in white)
        assert low < min(key.weight(60 + k) for k in white if k not in (7, 11))

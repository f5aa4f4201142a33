from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic.intonation import f0_curve, hertz
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.wander import wander
from tests.datasets.synthetic.plain import STEADY, note

TIMES = np.arange(4001) / 1000


def cents(curve: NDArray[np.float64], pitch: float) -> NDArray[np.float64]:
    return 1200 * np.log2(curve / hertz(np.array(pitch)))


def curve(singer: Singer, notes: Sequence[SungNote], offset: int = 0) -> NDArray[np.float64]:
    return f0_curve(np.random.default_rng(0), singer, notes, TIMES, offset)


def test_a4_is_440_hz_and_an_offset_moves_what_sounds() -> None:
    assert curve(STEADY, [note(0, 4, 69)]) == pytest.approx(440)
    assert curve(STEADY, [note(0, 4, 69)], -12) == pytest.approx(220)


def test_a_scoop_dies_away_exponentially() -> None:
    got = cents(curve(STEADY, [note(1, 3, 60, scoop_cents=200, scoop_seconds=0.05)]), 60)
    assert got[1000] == pytest.approx(-200)
    assert got[1050] == pytest.approx(-200 / np.e, abs=0.1)
    assert got[1500] == pytest.approx(0, abs=0.1)


def test_portamento_is_half_way_where_the_label_changes() -> None:
    notes = [note(0, 2, 60), note(2, 4, 64, slide_seconds=0.1)]
    got = cents(curve(STEADY, notes), 60)
    assert got[2000] == pytest.approx(200, abs=1)
    assert got[1949] == pytest.approx(0, abs=1)
    assert got[2051] == pytest.approx(400, abs=1)
    assert np.all(np.diff(got[1940:2060]) >= -1e-9)


def test_vibrato_sets_in_late_with_the_depth_and_rate_asked_for() -> None:
    singer = replace(STEADY, vibrato_cents=50.0, vibrato_hz=5.0, vibrato_delay=0.3)
    got = cents(curve(singer, [note(0, 4, 60)]), 60)
    assert np.abs(got[:300]).max() == pytest.approx(0, abs=1e-6)
    late = got[1000:]
    assert late.max() == pytest.approx(50, abs=1)
    crossings = np.count_nonzero(np.diff(np.sign(late)) > 0)
    assert crossings == pytest.approx(15, abs=2)


def test_drift_has_the_deviation_and_memory_asked_for() -> None:
    path = wander(np.random.default_rng(1), 400_000, 100.0, 8.0, 0.5)
    assert path.std() == pytest.approx(8, rel=0.05)
    correlation = np.corrcoef(path[:-50], path[50:])[0, 1]
    assert correlation == pytest.approx(np.exp(-1), abs=0.05)
    starts = [wander(np.random.default_rng(s), 2, 100.0, 8.0, 0.5)[0] for s in range(2000)]
    assert np.std(starts) == pytest.approx(8, rel=0.08)

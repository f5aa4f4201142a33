"""The diagrams of every class are drawn where their numbers are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.diagnostics.reliability import class_reliability, predicted_reliability
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting import style
from bayes_a2m.reporting.reliability import (
    FEW,
    KINDS,
    class_reliability_caption,
    class_reliability_figure,
)
from tests.calibration.simulation import simulate

NAMES = ("silence", "C4", "E4", "G4")


def counted(overconfidence: float = 1.0, recordings: int = 60) -> FrameStatistics:
    drawn = simulate(
        recordings, 200, np.random.default_rng(0), overconfidence=overconfidence, effect=0.05
    )
    return FrameStatistics.stack(
        [FrameStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_points_stand_where_the_shares_are(kind: str, tmp_path: Path) -> None:
    counts = counted()
    figure = class_reliability_figure(counts, NAMES, kind=kind)
    assert len(figure.axes) == 8
    make = class_reliability if kind == "rest" else predicted_reliability
    for k in range(4):
        diagram = make(counts, k)
        upper, lower = figure.axes[2 * k], figure.axes[2 * k + 1]
        points = upper.lines[-1]
        drawn = diagram.frames >= FEW
        np.testing.assert_allclose(points.get_xdata(), diagram.confidence[drawn])
        np.testing.assert_allclose(points.get_ydata(), diagram.true[drawn])
        np.testing.assert_allclose(upper.lines[1].get_ydata(), diagram.isotonic_true)
        heights = [bar.get_height() for bar in lower.patches]
        np.testing.assert_allclose(heights, diagram.frames)
        assert upper.get_title(loc="left").startswith(f"{NAMES[k]}: error 0.0")
    style.save(figure, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 20_000


def test_the_caption_says_who_leaves_the_band_and_which_way() -> None:
    assert class_reliability_caption(counted(), NAMES).endswith("every class within its band.")
    told = class_reliability_caption(counted(3.0, 200), NAMES, kind="called")
    assert "is less frequent than its confidence" in told
    assert "more often" not in told


def test_a_class_without_frames_has_a_panel_that_says_so() -> None:
    never = FrameStatistics.stack([FrameStatistics.of([[0.9, 0.1, 0.0]] * 30, [0] * 30)] * 3)
    figure = class_reliability_figure(never, ("silence", "C4", "E4"), kind="called")
    assert [t.get_text() for t in figure.axes[4].texts] == ["no frames"]
    assert figure.axes[4].get_title(loc="left") == "E4: error –"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'called'"):
        class_reliability_figure(counted(1.0, 3), NAMES, kind="caled")
    with pytest.raises(InputError, match="2 names for 4 classes"):
        class_reliability_figure(counted(1.0, 3), NAMES[:2])

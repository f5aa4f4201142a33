"""Risk and coverage are drawn where they are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.calibration.selective import AcceptStatistics, accept
from bayes_a2m.reporting import style
from bayes_a2m.reporting.selective import risk_coverage_caption, risk_coverage_figure
from tests.calibration.simulation import simulate


@pytest.fixture(scope="module")
def counts() -> AcceptStatistics:
    drawn = simulate(40, 100, np.random.default_rng(0), sharpness=4.0)
    return AcceptStatistics.stack(
        [AcceptStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
    )


def test_the_curve_and_the_point(counts: AcceptStatistics, tmp_path: Path) -> None:
    chosen = accept(counts, 0.1)
    figure = risk_coverage_figure(counts, accept=chosen, resamples=50)
    lines = figure.axes[0].lines
    once = {name: values[0] for name, values in counts.metrics_of(np.ones((1, 40))).items()}
    curve = max(lines, key=lambda line: len(line.get_xdata()))
    assert max(curve.get_xdata()) == pytest.approx(100)  # threshold 0 keeps all
    at = np.argmax(curve.get_xdata())
    assert curve.get_ydata()[at] == pytest.approx(100 * once["error"][0])
    points = [line for line in lines if line.get_marker() not in ("None", "", None)]
    assert points[0].get_xdata()[0] == pytest.approx(100 * chosen.kept.value)
    assert points[0].get_ydata()[0] == pytest.approx(100 * chosen.error.value)
    style.save(figure, tmp_path / "figure.svg")


def test_several_methods_and_a_caption(counts: AcceptStatistics) -> None:
    both = {"laplace": counts, "point": counts.select(np.arange(20))}
    figure = risk_coverage_figure(both, resamples=20)
    assert [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
    told = risk_coverage_caption(counts, accept=accept(counts, 0.1))
    assert f"{100 * accept(counts, 0.1).kept.value:.0f} % accepted" in told


def test_nothing_accepted_is_no_point() -> None:
    one = AcceptStatistics.of(np.full((40, 2), 0.5), [0, 1] * 20)
    counts = AcceptStatistics.stack([one] * 3)
    chosen = accept(counts, 0.05)
    risk_coverage_figure(counts, accept=chosen, resamples=10)
    assert "nothing accepted" in risk_coverage_caption(counts, accept=chosen)

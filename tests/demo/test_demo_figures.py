"""The demo's diagrams against counts that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.demo.degradation_figure import degradation_figure
from bayes_a2m.demo.steps.degrade import Curve
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting import style
from bayes_a2m.reporting.confusion import confusion_figure
from bayes_a2m.reporting.reliability import FEW, reliability_figure, shares


def counts(confidence: float, right: int, wrong: int) -> FrameStatistics:
    """One recording whose frames are all as sure."""
    law = [confidence, 1 - confidence]
    return FrameStatistics.of([law] * (right + wrong), [0] * right + [1] * wrong)


def test_confusion_is_a_share_of_each_true_class() -> None:
    figure = confusion_figure([[90, 10, 0], [0, 50, 0], [0, 0, 0]], ("silence", "C4", "E4"))
    (axes,) = figure.axes
    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.tolist() == [[0.9, 0.1, 0], [0, 1, 0], [0, 0, 0]]
    words = [t.get_text() for t in axes.texts]
    assert words[:3] == ["90.0 %\n90", "10.0 %\n10", "–"]
    assert words[4] == "100 %\n50"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["silence", "C4", "E4"]


def test_classes_that_are_never_confused_have_words_on_the_diagonal_alone() -> None:
    names = [f"class {i}" for i in range(9)]
    words = [text.get_text() for text in confusion_figure(np.eye(9), names).axes[0].texts]
    assert words == ["100"] * 9


def test_reliability_stands_where_the_counts_are(tmp_path: Path) -> None:
    both = FrameStatistics.stack([counts(0.7, 30, 10), counts(0.9, 36, 4), counts(0.55, 1, 1)])
    frames, stated, right = shares(both)
    assert frames[10] == 40  # (10/15, 11/15] holds 0.7
    assert frames[13] == 40
    assert (stated[10], right[10]) == (pytest.approx(0.7), 0.75)
    assert np.isnan(stated[0])

    figure = reliability_figure(both)
    upper, lower = figure.axes
    points = next(line for line in upper.lines if line.get_marker() == "o")
    assert points.get_xdata() == pytest.approx([0.7, 0.9])  # two frames are fewer than FEW
    assert points.get_ydata() == pytest.approx([0.75, 0.9])
    heights = [bar.get_height() for bar in lower.patches]
    assert heights == frames.tolist()
    assert sum(heights) == 82
    assert lower.patches[10].get_x() == pytest.approx(10 / 15)
    style.save(figure, tmp_path / "x.svg")


def test_reliability_bands_count_recordings() -> None:
    # two recordings, one all right and one all wrong: forty frames are worth one, and a score
    # interval of one half of one is 1/2 -+ 1.96 sqrt(1/4 + 1.96^2 / 4) / (1 + 1.96^2)
    half = counts(0.7, FEW, 0), counts(0.7, 0, FEW)
    upper = reliability_figure(FrameStatistics.stack(half)).axes[0]
    (bar,) = [line for line in upper.lines if len(line.get_ydata()) == 2 and line.get_lw() == 1.3]
    reach = 1.96 * np.sqrt(1 / 4 + 1.96**2 / 4) / (1 + 1.96**2)
    assert bar.get_ydata() == pytest.approx([0.5 - reach, 0.5 + reach], abs=1e-3)
    assert bar.get_xdata() == pytest.approx([0.7, 0.7])


def test_degradation_has_a_line_for_each_method_under_each_degradation(tmp_path: Path) -> None:
    def curve(kind: str, method: str, accuracy: list[float]) -> Curve:
        confidence = [0.92, 0.9, 0.8]
        return Curve(
            degradation=kind, method=method, severity=[0, 3, 5],
            accuracy=accuracy, confidence=confidence, ece=[0.02, 0.1, 0.3],
        )  # fmt: skip

    curves = [
        curve(kind, method, [0.9, 0.8, last])
        for kind, last in (("noisy", 0.5), ("laptop", 0.6))
        for method in ("point", "laplace")
    ]
    figure = degradation_figure(curves)
    noisy, laptop, noisy_gap, _ = figure.axes
    assert [line.get_label() for line in noisy.lines] == ["point", "laplace"]
    assert list(noisy.lines[0].get_ydata()) == [0.9, 0.8, 0.5]
    assert list(laptop.lines[1].get_ydata()) == [0.9, 0.8, 0.6]
    assert list(noisy_gap.lines[0].get_ydata()) == pytest.approx([0.02, 0.1, 0.3])
    assert [axes.get_title(loc="left") for axes in (noisy, laptop)] == ["noisy", "laptop"]
    colours = {line.get_color() for line in noisy.lines}
    strokes = {line.get_linestyle() for line in noisy.lines}
    assert len(colours) == len(strokes) == 2  # to be told apart in grey, too
    style.save(figure, tmp_path / "x.png")

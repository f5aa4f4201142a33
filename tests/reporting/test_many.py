"""Figures of 49 and of 88 classes show ten, and say which."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting.confusion import confusion_caption, confusion_figure
from bayes_a2m.reporting.entropy import entropy_caption, entropy_figure
from bayes_a2m.reporting.many import most_confused, with_others
from bayes_a2m.reporting.reliability import class_reliability_caption, class_reliability_figure
from bayes_a2m.reporting.variance import GROUPS, variance_caption, variance_figure


def names(classes: int) -> list[str]:
    return ["silence", *(f"p{k}" for k in range(1, classes))]


def table(classes: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Every class is right ten times; twenty is taken for thirty, forty for silence."""
    counts = 10 * np.eye(classes, dtype=np.int64)
    counts[20, 30] = 5
    counts[40, 0] = 3
    return counts


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_classes_with_most_errors_come_before_frequent_ones() -> None:
    counts = table(49)
    counts[7, 7] = 1000
    shown = most_confused(counts).tolist()
    assert {0, 7, 20, 30, 40} <= set(shown)
    assert len(shown) == 10
    assert shown == sorted(shown)
    assert most_confused(np.eye(12)).size == 12


def test_no_frame_is_lost_among_the_others() -> None:
    counts = table(88)
    pooled = with_others(counts, most_confused(counts))
    assert pooled.shape == (11, 11)
    assert pooled.sum() == counts.sum()
    assert pooled[-1, :-1].sum() == 0


@pytest.mark.parametrize("classes", [13, 49, 88])
def test_a_large_confusion_matrix_has_ten_classes_and_the_others(classes: int) -> None:
    counts = table(max(classes, 41))[:classes, :classes]
    counts[3, 5] = 5
    figure = confusion_figure(counts, names(classes))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(labels) == 11
    assert labels[-1] == "others"
    assert {"p3", "p5"} <= set(labels)
    assert {"67", "33", "100"} <= set(texts(figure))
    assert f"Shown are the 10 of {classes} classes" in confusion_caption(counts, names(classes))


def test_class_reliability_of_many_has_ten_panels_and_tells_of_them_alone() -> None:
    generator = np.random.default_rng(0)
    rows = []
    for _ in range(3):
        truth = generator.integers(0, 49, 60)
        probs = np.full((60, 49), 0.2 / 48)
        probs[np.arange(60), truth] = 0.8
        rows.append(FrameStatistics.of(probs, truth))
    counts = FrameStatistics.stack(rows)
    figure = class_reliability_figure(counts, names(49))
    titles = [t for axes in figure.axes if (t := axes.get_title(loc="left"))]
    assert len(titles) == 10
    caption = class_reliability_caption(counts, names(49))
    assert "Shown are the 10 of 49 classes" in caption
    assert caption.count("confidence at") + caption.count("confidence from") <= 20


def test_uncertainty_of_many_classes_shows_the_most_uncertain() -> None:
    totals = np.linspace(0.01, 0.2, 88)
    common = {"low": None, "high": None}
    variance = [
        {"class": name, "frames": group, "expected": t, "draws": 0.0, "total": t, **common}
        for group in GROUPS
        for name, t in zip(names(88), totals, strict=True)
    ]
    axes = variance_figure(variance).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == [f"p{k}" for k in range(78, 88)]
    assert "10 of 88 classes with the largest variance" in variance_caption(variance)
    entropy = [
        {"frames": name, "expected": t, "information": 0.0, "total": t, **common}
        for name, t in zip(["all", *names(88)[1:]], totals, strict=True)
    ]
    axes = entropy_figure(entropy).axes[0]
    rows = [t.get_text() for t in axes.get_yticklabels()]
    assert rows == ["all", *(f"p{k}" for k in range(78, 88))]
    assert "10 of 87 classes" in entropy_caption(entropy)

"""Figures on a caller's axes: what is drawn there, and what a mistake is told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_a2m as a2m
from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.comparison.difference import Difference
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.diagnostics.reliability import top_reliability
from bayes_a2m.errors import InputError
from bayes_a2m.music.notes import from_labels
from bayes_a2m.reporting import figures
from tests.decoding.note_simulation import EXACT, GRID, VOCABULARY
from tests.plot.predictions import predicted

POST, LABELS = predicted()
FRAME_FIGURES = ("reliability", "confusion", "ecdf", "boundaries", "draws", "roll")


def xy(line: Any) -> tuple[list[float], list[float]]:
    return np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()


@pytest.mark.parametrize("name", FRAME_FIGURES)
def test_it_draws_on_the_axes_given_and_returns_them(name: str) -> None:
    axes = Figure().add_subplot()
    assert getattr(a2m.plot, name)(POST, LABELS, ax=axes) is axes
    assert axes.has_data()
    assert len(axes.figure.axes) == 1


@pytest.mark.parametrize("name", FRAME_FIGURES)
def test_without_axes_it_makes_some_and_leaves_pyplot_alone(name: str) -> None:
    axes = getattr(a2m.plot, name)(POST, LABELS)
    assert axes.figure.axes == [axes]
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_a_report_is_drawn_by_the_same_code() -> None:
    axes = a2m.plot.reliability(POST, LABELS)
    report = figures.reliability(POST, LABELS).figure.axes[0]
    assert [xy(line) for line in axes.lines] == [xy(line) for line in report.lines]
    image = a2m.plot.confusion(POST, LABELS).images[0].get_array()
    assert (image == figures.confusion(POST, LABELS).figure.axes[0].images[0].get_array()).all()


def test_points_of_the_reliability_diagram_are_its_bins() -> None:
    diagram = top_reliability(figures.counts_of(POST, LABELS))
    shown = diagram.frames >= 20
    points = [xy(line) for line in a2m.plot.reliability(POST, LABELS).lines]
    assert (diagram.confidence[shown].tolist(), diagram.true[shown].tolist()) in points


def test_one_class_has_its_words_and_an_unknown_one_a_guess() -> None:
    axes = a2m.plot.reliability(POST, LABELS, of="E4", kind="called")
    assert axes.get_xlabel() == "confidence where predicted"
    assert axes.get_title(loc="left") == "E4"
    with pytest.raises(InputError, match="did you mean 'silence'"):
        a2m.plot.reliability(POST, LABELS, of="silense")


def test_labels_of_a_roll_are_notes_in_amber() -> None:
    truth = np.zeros(200, dtype=np.int64)
    truth[50:100] = 2
    axes = a2m.plot.roll(POST, truth, recording=3)
    (bar,) = axes.collections
    x = bar.get_paths()[0].vertices[:, 0]
    (note,) = from_labels(truth, POST.grid, POST.vocabulary)
    assert (x.min(), x.max()) == pytest.approx((note.onset, note.offset))
    assert a2m.plot.roll(POST, [a2m.Note(0.1, 0.2, 64)]).collections
    assert not a2m.plot.roll(POST, recording=POST.ids[1]).collections


def test_a_posterior_over_notes_is_a_roll_of_notes_over_the_reference() -> None:
    labels = np.repeat([0, 1, 0, 2], [30, 40, 20, 25])
    probs = np.where(labels[:, None] == np.arange(3), 1.0, 0.0)
    post = a2m.FramePosterior.from_probs([probs], vocabulary=VOCABULARY, grid=GRID)
    notes = note_posteriors(post, EXACT, np.random.default_rng(0), paths_per_draw=20)[0]
    axes = a2m.plot.roll(notes, labels)
    edges = [bar.get_paths()[0].vertices[:, 0] for bar in axes.collections]
    starts = sorted(float(x.min()) for x in edges)
    # two of the reference, two that are heard, each where the other is
    assert len(starts) == 4
    assert starts[0] == pytest.approx(starts[1], abs=GRID.hop_seconds)
    assert starts[2] == pytest.approx(starts[3], abs=GRID.hop_seconds)


def test_two_methods_are_two_lines_of_draws() -> None:
    axes = a2m.plot.draws({"one": POST, "two": POST}, LABELS)
    assert len(axes.containers) == 2
    curve = a2m.calibration.draws_curve(POST, LABELS)
    assert len(a2m.plot.draws({"stored": curve}).containers) == 1


def test_a_comparison_is_drawn_from_its_record_or_its_file(tmp_path: Any) -> None:
    record = Comparison(
        names=("one", "other"),
        models=(1, 1),
        recordings=12,
        paired_seeds=False,
        metrics={"nll": Difference(0.1, 0.2, -0.1, -0.15, -0.05, 0.99, "lower")},
        per_class={},
        per_condition={},
        near_boundary={},
        away_from_boundary={},
        stages={},
    )
    axes = a2m.plot.comparison(record)
    assert ([-0.15, -0.05], [0, 0]) in [xy(line) for line in axes.lines]
    record.write(tmp_path / "c.json")
    assert len(a2m.plot.comparison(tmp_path / "c.json").lines) == len(axes.lines)
    with pytest.raises(InputError, match="Comparison, or two Evaluations"):
        a2m.plot.comparison(POST)  # type: ignore[arg-type]


class Model:
    """Something that predicts."""

    def predict(self) -> None:
        """Not asked here."""


@pytest.mark.parametrize(
    ("post", "labels", "said"),
    [
        (POST, None, r"pass data\.labels_on\(post\.grid\)"),
        (POST, LABELS[:2], "labels of 2 recordings for 8 predicted ones"),
        (POST, [y[:-1] for y in LABELS], "199 labels for the 200 frames of .*on the grid"),
        (POST, [y * 1.0 for y in LABELS], "pass class numbers"),
        (Model(), LABELS, r"not a Model; call predict\(data\)"),
        ([[0.5, 0.5]], LABELS, r"from_probs"),
        ("song.wav", LABELS, "a path is not read here"),
    ],
)
@pytest.mark.parametrize("name", ["reliability", "confusion", "ecdf", "boundaries", "draws"])
def test_a_common_mistake_is_told_what_to_pass(
    name: str, post: Any, labels: Any, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        getattr(a2m.plot, name)(post, labels)
    assert "\n" not in str(caught.value)


def test_axes_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match=r"plt\.subplots"):
        a2m.plot.confusion(POST, LABELS, ax=Figure())  # type: ignore[arg-type]
    one, labels = predicted(draws=1)
    with pytest.raises(InputError, match="posterior of several"):
        a2m.plot.draws(one, labels)


def test_plotting_is_not_imported_with_the_package() -> None:
    code = "import sys, bayes_a2m; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

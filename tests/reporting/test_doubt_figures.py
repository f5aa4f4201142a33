"""Figures of doubt, sets, places and features: their numbers, and what they say without any."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures, Spectrum
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation.results import ClassSetScores, ConformalResults
from bayes_a2m.label_audit.lag import RecordingLag
from bayes_a2m.label_audit.lag_figure import lag_caption, lag_figure
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.reporting.conformal import conformal_caption, conformal_figure
from bayes_a2m.reporting.entropy import entropy_caption, entropy_figure, entropy_parts
from bayes_a2m.reporting.feature_map import feature_map_caption, feature_map_figure, project
from bayes_a2m.reporting.places import places_caption, places_figure
from bayes_a2m.reporting.roll import roll_caption, roll_figure
from bayes_a2m.reporting.variance import variance_caption, variance_figure, variance_parts
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.score_table import ScoreTable

TWO = Vocabulary((60,))


def posterior(draws: list[list[list[float]]], vocabulary: Vocabulary = TWO) -> FramePosterior:
    """Draws ``(draw, frame, class)`` of one recording, padded by a frame that means nothing."""
    probs = np.asarray(draws, dtype=np.float64)
    padded = np.concatenate([probs, np.full_like(probs[:, :1], 1 / probs.shape[-1])], axis=1)
    return FramePosterior(np.log(padded)[None, :, None], [probs.shape[1]], ("a",), vocabulary)


def texts(figure) -> str:
    return " ".join(t.get_text() for axes in figure.axes for t in axes.texts) + " ".join(
        t.get_text() for t in figure.texts
    )


POST = posterior([[[0.9, 0.1], [0.4, 0.6]], [[0.7, 0.3], [0.2, 0.8]]])
LABELS = [np.array([0, 1])]


def test_variance_is_parted_as_the_law_of_total_variance_says() -> None:
    rows = {(r["class"], r["frames"]): r for r in variance_parts(POST, LABELS, resamples=5)}
    own = rows["silence", "of the class"]
    assert own["total"] == pytest.approx(0.8 * 0.2, abs=1e-6)
    assert own["draws"] == pytest.approx(0.01, abs=1e-6)
    assert own["expected"] == pytest.approx((0.09 + 0.21) / 2, abs=1e-6)
    assert rows["C4", "of others"]["total"] == pytest.approx(own["total"], abs=1e-6)
    assert rows["C4", "of the class"]["total"] == pytest.approx(0.7 * 0.3, abs=1e-6)


def test_bars_of_variance_are_as_high_as_the_numbers() -> None:
    rows = variance_parts(POST, LABELS, resamples=5)
    figure = variance_figure(rows)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights[:2] == pytest.approx([rows[0]["expected"], rows[0]["draws"]])
    assert "silence" not in variance_caption(rows)
    assert "largest for C4, 0.210" in variance_caption(rows)


def test_a_class_that_never_occurs_and_a_lone_draw_are_said() -> None:
    rows = variance_parts(posterior([[[0.9, 0.1], [0.8, 0.2]]]), [np.array([0, 0])], resamples=5)
    assert "none" in texts(variance_figure(rows))
    assert "one draw has no variance" in variance_caption(rows)


def test_entropy_is_parted_exactly() -> None:
    rows = {r["frames"]: r for r in entropy_parts(POST, LABELS, resamples=5)}
    entropy = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2))
    assert rows["silence"]["total"] == pytest.approx(entropy, abs=1e-5)
    assert rows["silence"]["expected"] + rows["silence"]["information"] == pytest.approx(
        rows["silence"]["total"]
    )
    assert rows["wrong"]["total"] is None
    figure = entropy_figure(list(rows.values()))
    assert "no frames" in texts(figure)
    width = figure.axes[0].patches[0].get_width()
    assert width == pytest.approx(rows["all"]["expected"])
    assert "is about the model" in entropy_caption(list(rows.values()))


def test_labels_that_do_not_go_with_the_recordings_are_refused() -> None:
    for parts in (variance_parts, entropy_parts):
        with pytest.raises(InputError, match="labels of 2 recordings"):
            parts(POST, LABELS * 2)


def interval(value: float) -> Interval:
    return Interval(value, value - 0.02, value + 0.02)


def test_conformal_points_stand_where_they_should() -> None:
    held = ClassSetScores(coverage=interval(0.9), size=interval(1.5), single=interval(0.5))
    nothing = ClassSetScores(coverage=Interval(None), size=Interval(None), single=Interval(None))
    level = ConformalResults(
        level=0.95,
        way="recordings",
        **{k: getattr(held, k) for k in ("coverage", "size", "single")},
        per_class={"silence": held, "C4": nothing},
        per_condition={},
        warnings=[],
    )
    found = [level]
    figure = conformal_figure(found, ("silence", "C4"))
    left = figure.axes[0]
    assert left.lines[0].get_xdata()[0] == 95
    assert [line.get_xdata()[0] for line in left.lines if line.get_marker() == "o"] == [90, 90]
    assert "no frames" in texts(figure)
    assert "least often for silence (90.0 %)" in conformal_caption(found, ("silence", "C4"))
    assert "no conformal sets" in texts(conformal_figure([], ("silence",)))


def test_places_of_two_models_have_markers_of_their_own() -> None:
    scores = {
        "one": {"near": ScoreTable.of({"accuracy": interval(0.7), "ece": None})},
        "two": {"near": ScoreTable.of({"accuracy": interval(0.6), "ece": interval(0.1)})},
    }
    figure = places_figure(scores)
    shown = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", None)]
    assert [line.get_marker() for line in shown] == ["o", "s"]
    assert [line.get_xdata()[0] for line in shown] == [0.7, 0.6]
    assert places_caption(scores) == (
        "By subgroup, with 95 % intervals: one does worst in accuracy at near (0.700)."
    )
    with pytest.raises(InputError, match="no scores"):
        places_figure({})


def test_the_roll_is_as_opaque_as_the_probability() -> None:
    vocabulary = Vocabulary((60, 64))
    probs = np.array([[0.7, 0.2, 0.1]] * 40 + [[0.1, 0.0, 0.9]] * 40)
    post = FramePosterior.from_probs([probs], vocabulary=vocabulary)
    spectrum = Spectrum(np.full((80, 252), -40.0, np.float32), CQTFeatures())
    notes = [Note(0.0, 0.24, 60)]
    figure = roll_figure({"m": post}, 0, spectrum, notes, marks=[(0.1, 0.2)])
    strips = [image.get_array() for image in figure.axes[1].images]
    assert [strip.shape for strip in strips] == [(1, 80, 4)] * 2
    np.testing.assert_allclose(strips[1][0, :, 3], probs[:, 2], atol=1e-6)
    assert len(roll_figure({"a": post, "b": post}, 0, spectrum, None).axes) == 4
    labels = np.repeat([0, 1], 40)
    said = roll_caption({"m": post}, 0, labels)
    assert (
        said == "Right in 50 % of the frames; 90 % sure where it is wrong, 70 % where it is right."
    )


def test_long_recordings_are_thinned_and_short_notes_stay() -> None:
    probs = np.full((14_000, 2), [0.99, 0.01])
    probs[7003] = [0.0, 1.0]
    post = FramePosterior.from_probs([probs], vocabulary=TWO)
    spectrum = Spectrum(np.full((14_000, 252), -40.0, np.float32), CQTFeatures())
    (strip,) = roll_figure({"m": post}, 0, spectrum, None).axes[1].images
    assert strip.get_array().shape[1] <= 1400
    assert strip.get_array()[0, :, 3].max() == 1


def test_principal_components_are_those_of_the_covariance() -> None:
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((500, 3)) * [3, 1, 0.1]
    found = project(rows)
    values = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    np.testing.assert_allclose(found.points.var(axis=0, ddof=1), values[:2])
    assert found.explained == pytest.approx(tuple(values[:2] / values.sum()))
    np.testing.assert_allclose(np.abs(found.points), np.abs(project(-rows).points))
    labels = (rows[:, 0] > 0).astype(int)
    figure = feature_map_figure(found, labels, np.abs(rows[:, 1]), ("silence", "C4", "E4"))
    legend = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert legend == ["silence", "C4"]
    caption = feature_map_caption(found, labels, np.full(500, 0.25), ("silence", "C4", "E4"))
    assert "500 frames" in caption
    assert "0.25 nats" in caption


def test_bad_maps_are_refused() -> None:
    with pytest.raises(InputError, match="no projection called 'tsne'"):
        project(np.zeros((5, 2)), method="tsne")
    with pytest.raises(InputError, match="three rows"):
        project(np.zeros((2, 2)))
    try:
        import umap  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"bayes_a2m\[umap\]"):
            project(np.zeros((9, 2)), method="umap")


def test_lags_have_a_panel_a_condition() -> None:
    lags = [RecordingLag(0.03, 0.01, 0.05, 4), RecordingLag(-0.05, -0.07, -0.03, 2)]
    lags.append(RecordingLag(0.0, -0.1, 0.1, 0))
    pooled = {"a": Interval(0.03, 0.02, 0.04), "b": Interval(-0.05, -0.06, -0.04)}
    figure = lag_figure(lags, ["a", "b", "b"], pooled)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a: +30 ms", "b: -50 ms"]
    points = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert list(points[0].get_xdata()) == [-50]
    assert "a +30 ms (20 to 40)" in lag_caption(pooled)
    assert "none could be measured" in lag_caption({"": Interval(None)})


def test_every_figure_comes_from_a_posterior_and_its_labels(tmp_path) -> None:
    from bayes_a2m.calibration.conformal import ConformalSets
    from bayes_a2m.reporting import figures

    generator = np.random.default_rng(0)
    labels = [np.repeat(generator.integers(0, 4, 6), 30) for _ in range(4)]
    probs = [np.where(np.eye(4)[np.roll(y, 3)] > 0, 0.85, 0.05) for y in labels]
    post = FramePosterior.from_probs(probs)
    spectrum = Spectrum(np.full((180, 252), -40.0, np.float32), CQTFeatures())
    drawn = [
        figures.confusion(post, labels),
        figures.reliability(post, labels),
        figures.class_reliability(post, labels, kind="called"),
        figures.ecdf(post, labels, quantity="entropy", by="class"),
        figures.variance(post, labels),
        figures.entropy(post, labels),
        figures.risk_coverage(post, labels),
        figures.conformal(post, labels, [ConformalSets.calibrate(post, labels, level=0.9)]),
        figures.places(post, labels, conditions=["a", "a", "b", "b"]),
        figures.roll(post, labels, spectrum),
    ]
    for i, one in enumerate(drawn):
        assert one.caption.endswith(".")
        assert "\n" not in one.caption
        one.save(tmp_path / f"{i}.svg")
    assert "mean confidence 85.0 %" in drawn[1].caption
    with pytest.raises(InputError, match="labels of 3 recordings"):
        figures.places(post, labels[:3])

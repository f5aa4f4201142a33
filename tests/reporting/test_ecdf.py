"""The pictures of distribution functions and of PITs show the numbers that they were given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.diagnostics.ecdf import Ecdf
from bayes_a2m.diagnostics.pit import PIT
from bayes_a2m.errors import InputError
from bayes_a2m.reporting import style
from bayes_a2m.reporting.ecdf import ecdf_caption, ecdf_figure
from bayes_a2m.reporting.pit import bins_of, pit_caption, pit_figure

NAMES = ("silence", "C4", "E4", "G4")


def of(x: list[float], value: list[float], width: float | None = 0.1, recordings: int = 9) -> Ecdf:
    shares = np.array(value)
    low = None if width is None else (shares - width).clip(0, 1)
    high = None if width is None else (shares + width).clip(0, 1)
    return Ecdf(np.array(x), 1200, recordings, shares, low, high)


RIGHT = of([0.6, 0.8, 1.0], [0.2, 0.5, 1.0])
WRONG = of([0.4, 0.5, 0.9], [0.3, 0.8, 1.0], None, 1)


def test_steps_stand_where_the_numbers_are(tmp_path: Path) -> None:
    figure = ecdf_figure({"right": RIGHT, "wrong": WRONG}, quantity="confidence")
    (axes,) = figure.axes
    right, wrong = axes.lines
    # from edge to edge, and at the places their shares
    np.testing.assert_allclose(np.asarray(right.get_xdata()), [0.4, 0.6, 0.8, 1.0, 1.005])
    np.testing.assert_allclose(np.asarray(right.get_ydata()), [0, 0.2, 0.5, 1, 1])
    assert right.get_drawstyle() == wrong.get_drawstyle() == "steps-post"
    assert (right.get_color(), wrong.get_color()) == (style.BLUE, style.VERMILLION)
    assert (right.is_dashed(), wrong.is_dashed()) == (False, True)
    (band,) = axes.collections  # the other has none
    ends = band.get_paths()[0].vertices
    assert isinstance(ends, np.ndarray)
    for x, low, high in zip([0.6, 0.8, 1.0], [0.1, 0.4, 0.9], [0.3, 0.6, 1.0], strict=True):
        assert {low, high} <= {round(float(y), 9) for y in ends[np.isclose(ends[:, 0], x), 1]}
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel().startswith("confidence")
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["right", "wrong"]
    for kind in ("png", "svg", "pdf"):
        style.save(figure, tmp_path / f"x.{kind}")


def test_a_class_has_its_colour_though_another_is_missing() -> None:
    found = {"silence": RIGHT, "G4": RIGHT}
    axes = ecdf_figure(found, quantity="entropy", names=NAMES).axes[0]
    expected = style.class_colours(4)
    assert [line.get_color() for line in axes.lines] == [expected[0], expected[3]]
    axes = ecdf_figure({"C4": RIGHT, "E4": RIGHT}, quantity="entropy").axes[0]
    assert [line.get_color() for line in axes.lines] == list(expected[1:3])
    everyone = ecdf_figure(dict.fromkeys(NAMES, RIGHT), quantity="entropy").axes[0]
    assert len({str(line.get_linestyle()) + str(line.get_color()) for line in everyone.lines}) == 4
    many = {f"p{k}": replace(RIGHT, frames=1000 + k) for k in range(20)}
    drawn = ecdf_figure(many, quantity="entropy").axes[0]
    named = [text.get_text() for text in drawn.texts]
    assert sorted(named) == [f"p{k}" for k in range(10, 20)]  # those of the most frames
    assert len({line.get_color() for line in drawn.lines}) == 10
    assert "the 10 of 20 groups" in ecdf_caption(many, quantity="entropy")


def test_a_logarithmic_axis_keeps_what_is_left_of_it(tmp_path: Path) -> None:
    one = of([0.0, 1e-9, 3e-4, 0.2], [0.01, 0.3, 0.6, 1.0])
    figure = ecdf_figure({"wrong": one}, quantity="mutual_information")
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlim()[0] == pytest.approx(1e-6)
    np.testing.assert_allclose(np.asarray(axes.lines[0].get_ydata()), [0.3, 0.6, 1, 1])
    style.save(figure, tmp_path / "x.png")
    # where there is one draw, all is 0
    nothing = of([-5e-324, 0.0], [0.0, 1.0])
    figure = ecdf_figure({"right": nothing}, quantity="variance")
    assert figure.axes[0].get_xscale() == "linear"
    style.save(figure, tmp_path / "y.png")


def test_captions_are_one_line_and_say_what_bands_are() -> None:
    words = ecdf_caption({"right": RIGHT, "wrong": WRONG}, quantity="mutual_information")
    assert words == (
        "Share of frames with at most so much mutual information: right 1,200 frames of 9 "
        "recordings, wrong 1,200 frames of 1 recording. Bands: 95 % of resamples of the "
        "recordings, the whole curve; none for wrong (one recording)."
    )
    pointwise = Ecdf(RIGHT.x, 9, 2, RIGHT.value, RIGHT.low, RIGHT.high, 0.9, False)
    words = ecdf_caption({"right": pointwise}, quantity="entropy")
    assert words.endswith("Bands: 90 % of resamples of the recordings, the curve at each place.")


def test_bars_are_counts_and_the_range_is_the_binomial(tmp_path: Path) -> None:
    values = np.array([0.05] * 6 + [0.3] * 2 + [0.6] * 4 + [0.95] * 8)
    one = PIT("silence", values, tuple(map(str, range(20))))
    two = PIT("notes", np.linspace(0.01, 0.99, 20), one.ids)
    figure = pit_figure({"silence": one, "notes": two})
    first, second = figure.axes
    assert [bar.get_height() for bar in first.patches[:4]] == [6, 2, 4, 8]  # type: ignore[attr-defined]
    # 20 recordings in 4 bars: 2 to 9 by the binomial with n = 20, p = 1/4
    shaded = first.patches[4].get_extents().transformed(first.transData.inverted())
    assert (shaded.y0, shaded.y1) == (pytest.approx(2), pytest.approx(9))
    assert first.get_title(loc="left") == "share of silence"
    assert (first.get_ylabel(), second.get_ylabel()) == ("recordings", "")
    style.save(figure, tmp_path / "x.png")
    words = pit_caption({"silence": one, "notes": two})
    assert "each of 20 recordings" in words
    assert "number of notes: no departure seen with 20 recordings (KS p = " in words
    assert "\n" not in words


def test_few_recordings_and_none() -> None:
    one = PIT("onset", np.array([0.5]), ("a",))
    (axes,) = pit_figure({"onset": one}).axes
    assert axes.get_title(loc="left") == "onset of the first note"
    assert "the one recording" in pit_caption({"onset": one})
    assert bins_of(1) == 4
    with pytest.raises(InputError, match="no PIT"):
        pit_figure({})
    with pytest.raises(InputError, match="no ECDF"):
        ecdf_figure({}, quantity="entropy")

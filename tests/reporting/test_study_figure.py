"""The figure of a study: every arm has a row on one scale, and the reference stands apart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.comparison.difference import Difference
from bayes_a2m.errors import InputError
from bayes_a2m.reporting import style
from bayes_a2m.reporting.study import BETTER, WORSE, study_caption, study_figure
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.studies.figure import figure_of, read_scores

REPORTS = Path(__file__).parents[2] / "reports"

BETTER_NLL = Difference(0.1, 0.2, -0.1, -0.15, -0.05, 0.99, "lower")
WORSE_NLL = Difference(0.3, 0.2, 0.1, 0.05, 0.15, 0.01, "lower")
UNKNOWN = Difference(0.2, 0.2, 0.0, -0.02, 0.02, 0.5, "lower")


def against(name: str, whole: Difference, near: Difference) -> Comparison:
    return Comparison(
        names=(name, "plain"),
        models=(3, 3),
        recordings=12,
        paired_seeds=True,
        metrics={"nll": whole},
        per_class={},
        per_condition={"studio": {"nll": whole}},
        near_boundary={"nll": near},
        away_from_boundary={},
        stages={},
    )


ARMS = {
    "plain": {"nll": Interval(0.2, 0.15, 0.25)},
    "good": {"nll": Interval(0.1, 0.05, 0.15)},
    "bad": {"nll": Interval(0.3)},
}
COMPARED = {
    "good": against("good", BETTER_NLL, UNKNOWN),
    "bad": against("bad", WORSE_NLL, WORSE_NLL),
}


def test_all_arms_share_a_scale_and_the_reference_has_a_line_and_a_marker_of_its_own() -> None:
    figure = study_figure(ARMS, COMPARED, reference="plain")
    scores, differences = figure.axes[0], figure.axes[4]
    points = {
        line.get_ydata()[0]: line for line in scores.lines if line.get_marker() not in ("", "None")
    }
    assert [points[row].get_xdata()[0] for row in (0, 1, 2)] == [0.2, 0.1, 0.3]
    assert points[0].get_marker() == "D" != points[1].get_marker()
    assert scores.lines[0].get_xdata()[0] == 0.2  # the dashed line
    names = [text.get_text() for text in scores.get_yticklabels()]
    assert names == ["plain (ref.)", "good", "bad"]
    assert [text.get_text() for text in differences.get_yticklabels()] == ["good", "bad"]
    assert differences.get_xlabel() == "arm − ref.   ← better"


def test_only_decided_subgroups_are_tinted_and_signs_are_written() -> None:
    places = study_figure(ARMS, COMPARED, reference="plain").axes[-1]
    tints = [patch.get_facecolor()[:3] for patch in places.patches]
    from matplotlib.colors import to_rgb

    # good: all frames and the studio; bad: those and near boundaries
    assert tints == [to_rgb(BETTER)] * 2 + [to_rgb(WORSE)] * 3
    assert [t.get_text() for t in places.texts] == [
        *("−0.100", "−0.100", "0.000"),
        *("+0.100", "+0.100", "+0.100"),
    ]


def test_what_is_not_defined_is_said_and_one_arm_alone_has_no_differences() -> None:
    figure = study_figure(ARMS, COMPARED, reference="plain")
    assert [t.get_text() for t in figure.axes[1].texts] == ["not defined"] * 3
    assert len(study_figure({"plain": {}}, {}, reference="plain").axes) == 4
    with pytest.raises(InputError, match="no arms"):
        study_figure({}, {}, reference="plain")


def test_titles_do_not_touch_their_neighbours(tmp_path: Path) -> None:
    figure = study_figure(ARMS, COMPARED, reference="plain")
    style.save(figure, tmp_path / "a.png")
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes[:4]]
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
    assert boxes[-1].x1 < figure.bbox.x1


@pytest.mark.parametrize("study", ["one_vs_two_stage", "condition_shift", "features"])
def test_ticks_of_a_row_do_not_collide(study: str) -> None:
    figure = figure_of(REPORTS / study)
    figure.canvas.draw()
    for row in (figure.axes[:4], figure.axes[4:8]):
        boxes = [
            tick.label1.get_window_extent()
            for axes in row
            for tick in axes.xaxis.get_major_ticks()
            if tick.label1.get_text()
        ]
        # one alone is no scale
        assert all(len(axes.get_xticks()) >= 2 for axes in row)
        letter = 0.5 * figure.dpi * style.TICK / 72
        assert all(one.x1 + letter < other.x0 for one, other in pairwise(boxes))


def test_the_caption_counts_what_is_decided() -> None:
    assert "(2 of 2)" in study_caption(COMPARED, reference="plain")


def test_scores_are_read_from_the_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("arm,seeds,nll,nll_low,nll_high\nplain,2,0.5,0.25,\n")
    assert read_scores(path) == {"plain": {"nll": Interval(0.5, 0.25, None)}}
    path.write_text("arm,nll,nll_low,nll_high\nplain,high,,\n")
    with pytest.raises(InputError, match=r"table\.csv.*high"):
        read_scores(path)
    path.write_text("model\n")
    with pytest.raises(InputError, match="not a study's table"):
        read_scores(path)

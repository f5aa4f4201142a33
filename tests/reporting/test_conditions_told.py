"""Verdicts, prediction sets and accepted frames are about recordings like those learned from."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.evaluation import evaluate, results_of
from bayes_a2m.files import read_json
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting.report.context import ReportOptions
from bayes_a2m.reporting.report.entry import of_model
from bayes_a2m.reporting.report.page import write_report
from tests.reporting.test_report_calls import no_bar


def hissing(recording: Recording) -> Recording:
    noise = np.random.default_rng(0).standard_normal(recording.audio(16000).size)
    louder = (recording.audio(16000) + 0.05 * noise).astype(np.float32)
    return replace(recording, path=None, samples=louder, sample_rate=16000)


@pytest.fixture(scope="module")
def mixed(tiny_data: Dataset) -> Dataset:
    """The validation recordings, two of the four with loud noise."""
    data = tiny_data.split("validation")
    recordings = tuple(hissing(r) if i < 2 else r for i, r in enumerate(data))
    return replace(data, recordings=recordings)


def test_promises_are_counted_on_recordings_like_those_learned_from(
    tiny_knowing: Point, mixed: Dataset
) -> None:
    whole = evaluate(tiny_knowing, mixed)
    assert whole.inside.tolist() == [False, False, True, True]
    inside = replace(mixed, recordings=mixed.recordings[2:])
    results = results_of(whole, resamples=50)
    alone = results_of(evaluate(tiny_knowing, inside), resamples=50)
    assert results.calibration.accept == alone.calibration.accept
    assert results.calibration.conformal == alone.calibration.conformal
    assert results.metrics != alone.metrics  # scores are of all recordings
    assert results.unlike is not None
    assert set(results.unlike.recordings) == set(mixed.ids[:2])
    assert results.unlike.overconfidence_inside.value == pytest.approx(
        alone.unlike.overconfidence_inside.value if alone.unlike else None
    )
    assert results.unlike.overconfidence_outside.value is not None
    assert any("2 of 4 recordings are unlike" in c for c in results.calibration.cautions)
    assert not any("are unlike" in c for c in alone.calibration.cautions)


def test_nothing_is_promised_where_all_recordings_are_unlike(
    tiny_knowing: Point, mixed: Dataset
) -> None:
    outside = replace(mixed, recordings=mixed.recordings[:2])
    results = results_of(evaluate(tiny_knowing, outside), resamples=50)
    assert results.calibration.accept is None
    assert results.calibration.conformal == []
    assert any("2 of 2 recordings are unlike" in c for c in results.calibration.cautions)


def test_it_is_said_where_it_is_not_known(tiny_knowing: Point, mixed: Dataset) -> None:
    assert tiny_knowing.unknown_conditions() is None
    known = tiny_knowing.fitted
    assert known is not None
    try:
        tiny_knowing.fitted = replace(known, novelty=None)
        assert "only level, noise floor, bandwidth" in (tiny_knowing.unknown_conditions() or "")
        tiny_knowing.fitted = replace(known, novelty=None, conditions=None)
        assert "is not known" in (tiny_knowing.unknown_conditions() or "")
        evaluation = evaluate(tiny_knowing, mixed)
    finally:
        tiny_knowing.fitted = known
    assert evaluation.unlike is None
    assert evaluation.inside.all()
    assert results_of(evaluation, resamples=20).unlike is None


@pytest.mark.slow
def test_the_page_says_of_which_recordings_it_speaks(
    tiny_knowing: Point, mixed: Dataset, tmp_path: Path
) -> None:
    shared = {"draws": 1, "resamples": 20, "accept_error": 0.05}
    options = ReportOptions(resamples=20, sections={"recordings": {"worst": 1, "sound": False}})
    entry = of_model("tiny", tiny_knowing, mixed, **shared)  # type: ignore[arg-type]
    record = write_report(tmp_path / "some", mixed, (entry,), options, bar=no_bar)
    text = " ".join((tmp_path / "some" / "index.html").read_text().split())
    assert "2 of 4 recordings are unlike those that it learned from" in text
    assert "are about the other 2" in text
    counted = sum(v.predicted for v in record.models[0].verdicts)
    frames = mixed[2].labels(tiny_knowing.grid, mixed.vocabulary).size
    frames += mixed[3].labels(tiny_knowing.grid, mixed.vocabulary).size
    assert counted == frames
    with (tmp_path / "some" / "tables" / "recordings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["unlike"]) for row in rows] == [True, True, False, False]

    outside = replace(mixed, recordings=mixed.recordings[:2])
    entry = of_model("tiny", tiny_knowing, outside, **shared)  # type: ignore[arg-type]
    write_report(tmp_path / "none", outside, (entry,), options, bar=no_bar)
    stored = read_json(tmp_path / "none" / "report.json")
    assert {v["word"] for v in stored["models"][0]["verdicts"]} == {"withdrawn"}
    assert "promises nothing of these" in (tmp_path / "none" / "index.html").read_text()

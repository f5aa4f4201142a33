"""What is evaluated of the probabilities of notes: known answers, and the whole of a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.comparison.compare import compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.datasets import Dataset, Recording, load_folder
from bayes_a2m.evaluation import Evaluation, EvaluationResults, evaluate, results_of
from bayes_a2m.evaluation.note_evaluation import NoteEvaluation
from bayes_a2m.evaluation.note_results import note_results
from bayes_a2m.metrics.note_calibration import NoteCalibrationStatistics, NoteOutcomes
from bayes_a2m.models import load_model
from bayes_a2m.music import Note
from bayes_a2m.posteriors.point import Point
from bayes_a2m.resampling.bootstrap import resample_weights

OLD = Path(__file__).parents[1] / "fixtures" / "model_0_1_0"
SUNG = (Note(0.5, 1.0, 60), Note(1.5, 2.0, 64))


def recording(id_: str = "a", notes: tuple[Note, ...] = SUNG) -> Recording:
    return Recording(id_, samples=np.ones(64000, np.float32), sample_rate=16000, notes=notes)


def weights(count: int) -> np.ndarray:
    return resample_weights(count, 50, np.random.default_rng(0))


def test_scores_of_notes_from_elsewhere_by_hand() -> None:
    heard = [Note(0.52, 1.0, 60), Note(2.5, 3.0, 64)]
    one = NoteEvaluation.of_notes(recording(), heard, [0.8, 0.4])
    found = note_results(NoteEvaluation.stack([one, one]), weights(2))
    assert (found.notes, found.unknown) == (4, 0)
    assert found.confidence.value == pytest.approx(0.6)
    assert found.precision.value == found.recall.value == 0.5
    # (0.8 - 1)^2 + 0.4^2, and one of the two that are there missed
    assert found.brier.value == pytest.approx((0.04 + 0.16 + 1) / 2)
    assert found.ece.value == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)
    assert found.auroc.value == 1.0
    assert [(b.notes, b.confidence, b.accuracy.value) for b in found.reliability] == [
        (2, pytest.approx(0.4), 0.0),
        (2, pytest.approx(0.8), 1.0),
    ]
    assert found.onset is found.offset is found.number is found.forecast is found.accept is None


def test_a_missing_confidence_is_unknown_and_not_zero() -> None:
    one = NoteEvaluation.of_notes(recording(), SUNG, [0.9, np.nan])
    found = note_results(NoteEvaluation.stack([one, one]), weights(2))
    assert (found.notes, found.unknown) == (2, 2)
    assert found.confidence.value == pytest.approx(0.9)
    assert found.recall.value == 1.0
    assert found.brier.value is None


def test_no_notes_have_no_scores() -> None:
    one = NoteEvaluation.of_notes(recording(notes=()), [], [])
    found = note_results(NoteEvaluation.stack([one, one]), weights(2))
    assert (found.notes, found.ece.value, found.brier.value) == (0, None, None)
    assert found.reliability == []


@pytest.fixture(scope="module")
def evaluation(tiny_point: Point, tiny_data: Dataset) -> Evaluation:
    return evaluate(tiny_point, tiny_data.split("validation"))


@pytest.fixture(scope="module")
def results(evaluation: Evaluation) -> EvaluationResults:
    return results_of(evaluation, resamples=100)


def test_a_model_is_evaluated_as_its_notes_say(
    evaluation: Evaluation, results: EvaluationResults, tiny_point: Point, tiny_data: Dataset
) -> None:
    data = tiny_data.split("validation")
    parts = []
    notes = tiny_point.notes(tiny_point.predict(data), conditions=[r.condition for r in data])
    for own, one in zip(data, notes, strict=True):
        outcomes = NoteOutcomes.of(own.notes or (), one.notes, one.probabilities, own.duration)
        parts.append(NoteCalibrationStatistics.of(outcomes, np.random.default_rng(0)))
    scores = NoteCalibrationStatistics.stack(parts).metrics_of(np.ones((1, len(data))))
    found = results.notes
    assert found is not None
    for name in ("ece", "ece_debiased", "brier", "auroc"):
        expected = float(scores[f"note_{name}"][0])
        own = getattr(found, name).value
        assert own == (pytest.approx(expected) if np.isfinite(expected) else None), name
    assert results.metrics["note_ece"] == found.ece
    assert set(results.per_condition["studio"].scores) == set(results.metrics.scores)
    assert found.onset is not None
    assert found.onset.coverage.value is not None
    assert found.forecast is not None
    assert found.forecast.expected.value == pytest.approx(
        np.mean([one.expected_f1 for one in tiny_point.notes(tiny_point.predict(data))])
    )
    assert found.number is not None
    assert found.number.true.value == pytest.approx(np.mean([len(r.notes or ()) for r in data]))
    assert EvaluationResults.model_validate(results.to_dict()) == results


def test_the_order_of_recordings_plays_no_part(
    evaluation: Evaluation, tiny_point: Point, tiny_data: Dataset
) -> None:
    data = tiny_data.split("validation")
    turned = evaluate(tiny_point, Dataset(data.recordings[::-1], data.vocabulary))
    assert turned.sure is not None
    assert evaluation.sure is not None
    np.testing.assert_array_equal(
        turned.sure.calibration.simulated[::-1], evaluation.sure.calibration.simulated
    )


def test_models_are_compared_by_their_notes(evaluation: Evaluation, tmp_path: Path) -> None:
    scored = Scored.of(evaluation)
    scored.save(tmp_path / "x.npz")
    again = Scored.load(tmp_path / "x.npz")
    assert scored.note_calibration is not None
    assert again.note_calibration is not None
    np.testing.assert_array_equal(
        again.note_calibration.simulated, scored.note_calibration.simulated
    )
    worse = replace(scored.note_calibration, squared=scored.note_calibration.squared + 1)
    found = compare([scored], [replace(scored, note_calibration=worse)], resamples=50)
    assert {"note_ece", "note_ece_debiased", "note_brier", "note_auroc"} <= set(found.metrics)
    brier = found.metrics["note_brier"]
    assert brier.difference is not None
    assert brier.difference < 0
    assert brier.better == "lower"
    assert found.metrics["note_ece"].same


def test_where_one_side_knows_no_notes_they_are_not_compared(evaluation: Evaluation) -> None:
    scored = Scored.of(evaluation)
    found = compare([scored], [replace(scored, note_calibration=None)], resamples=20)
    assert "note_brier" not in found.metrics
    assert "note_onset_f1_50ms" in found.metrics


def test_a_model_of_0_1_0_has_no_scores_of_them() -> None:
    found = results_of(evaluate(load_model(OLD / "model"), load_folder(OLD / "voices")))
    assert found.notes is None
    assert found.metrics["note_ece"] is None
    assert found.metrics["note_onset_f1_50ms"] is not None

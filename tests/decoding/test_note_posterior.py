"""What is said of notes is true of recordings that the model itself made."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.minimum_risk import best_set, candidates
from bayes_a2m.decoding.note_model import NoteModel, draws_of
from bayes_a2m.decoding.note_posterior import infer_notes, note_posteriors
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import (
    IntervalStatistics,
    NoteCalibrationStatistics,
    NoteOutcomes,
    rank_correlation,
)
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.music.notes import from_labels
from bayes_a2m.prediction.posterior import FramePosterior
from tests.decoding.note_simulation import EXACT, GRID, SEGMENTS, VOCABULARY, simulated, with_lag

pytestmark = pytest.mark.long


def fresh(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sure(labels: np.ndarray, classes: int = 3) -> np.ndarray:
    return np.where(labels[:, None] == np.arange(classes), 1.0, 0.0)


LABELS = np.repeat([0, 1, 0, 2, 1, 0], [30, 40, 20, 25, 30, 25])


@pytest.fixture(scope="module")
def simulation():
    model = with_lag(0.025)
    post, notes, drawn = simulated(180, 260, seed=1, model=model, noise=1.7)
    return model, post, notes, drawn, note_posteriors(post, model, fresh(2), paths_per_draw=200)


def test_a_sure_posterior_gives_one_transcription_with_probability_one() -> None:
    post = FramePosterior.from_probs([sure(LABELS)], vocabulary=VOCABULARY)
    one = note_posteriors(post, EXACT, fresh(), paths_per_draw=50)[0]
    expected = from_labels(LABELS, GRID, VOCABULARY)
    assert len(one.hypotheses) == len(expected)
    for found, note in zip(one.hypotheses, expected, strict=True):
        assert found.pitch == note.pitch
        assert GRID.span(found.onset, found.offset) == GRID.span(note.onset, note.offset)
        assert found.probability == pytest.approx(1.0, abs=1e-6)
        assert found.onset_interval == pytest.approx((found.onset, found.onset))
        assert found.sounding == 1.0
        assert found.doubt.data + found.doubt.network + found.doubt.clock < 1e-5
    assert {tuple(sample) for sample in one.samples} == {one.notes}
    assert one.number_of_notes().tolist() == [0, 0, 0, 1.0]
    assert one.expected_f1 == pytest.approx(1.0)
    assert [h.note for h in one.likeliest] == list(one.notes)
    assert not one.others


def test_silence_has_no_notes() -> None:
    post = FramePosterior.from_probs([sure(np.zeros(200, dtype=int))], vocabulary=VOCABULARY)
    one = note_posteriors(post, EXACT, fresh())[0]
    assert one.hypotheses == one.others == one.likeliest == ()
    assert one.number_of_notes().tolist() == [1.0]
    assert one.expected_f1 == 1.0


@pytest.mark.parametrize("frames", [1, 2, 8, 9])
def test_recordings_shorter_than_a_note(frames: int) -> None:
    post = FramePosterior.from_probs([sure(np.ones(frames, dtype=int))], vocabulary=VOCABULARY)
    one = note_posteriors(post, with_lag(0.02), fresh())[0]
    assert len(one.hypotheses) == (frames >= 9)


def test_notes_are_calibrated_where_the_model_is_true(simulation) -> None:
    _, post, notes, _, found = simulation
    duration = GRID.seconds(post.log_probs.shape[3])
    parts = [
        NoteCalibrationStatistics.of(
            NoteOutcomes.of(notes[i], one.notes, one.probabilities, duration), fresh(i)
        )
        for i, one in enumerate(found)
    ]
    counts = NoteCalibrationStatistics.stack(parts)
    scores = {k: float(v[0]) for k, v in counts.metrics_of(np.ones((1, len(parts)))).items()}
    assert scores["note_ece_debiased"] < 0.02
    assert abs(scores["note_confidence"] - scores["note_precision"]) < 0.03
    assert scores["note_precision"] < 0.95  # there is something to be unsure of
    assert scores["note_auroc"] > 0.6
    assert counts.test(fresh(3)).ks_p > 0.01
    # numbers of notes, and of right ones, are as expected
    expected = sum(one.samples.counts.mean() for one in found)
    assert expected == pytest.approx(sum(map(len, notes)), rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say(simulation) -> None:
    _, post, notes, _, found = simulation
    duration = GRID.seconds(post.log_probs.shape[3])
    for time in ("onset", "offset"):
        statistics = IntervalStatistics.stack(
            [
                IntervalStatistics.of(
                    notes[i],
                    one.notes,
                    [getattr(h, f"{time}_interval") for h in one.hypotheses],
                    duration,
                    time=time,
                )
                for i, one in enumerate(found)
            ]
        )
        coverage = statistics.metrics_of(np.ones((1, len(found))))["coverage"][0]
        assert 0.86 < coverage < 0.95  # frames are discrete, and intervals closed


def test_the_clock_is_shared_by_a_recording() -> None:
    # of a sure network the clock is the only doubt: the mean onset is too narrow without it
    post, notes, _ = simulated(100, 260, seed=9, model=with_lag(0.03), noise=0.3)
    outside = {}
    for name, model in (("shared", with_lag(0.03)), ("ignored", with_lag(0.0))):
        ranks = []
        for truth, one in zip(
            notes, note_posteriors(post, model, fresh(2), paths_per_draw=40), strict=True
        ):
            samples = list(one.samples)
            if truth and all(len(s) == len(truth) for s in samples):
                means = [np.mean([n.onset for n in s]) for s in samples]
                ranks.append(np.mean(means <= np.mean([n.onset for n in truth])))
        outside[name] = np.mean((np.array(ranks) < 0.1) | (np.array(ranks) > 0.9))
    assert outside["shared"] < 0.3
    assert outside["ignored"] > 0.6


def test_forecasts_go_with_what_comes_true(simulation) -> None:
    _, post, notes, _, found = simulation
    duration = GRID.seconds(post.log_probs.shape[3])
    scores = []
    for truth, one in zip(notes, found, strict=True):
        counts = NoteStatistics.of(truth, one.notes, duration)
        scores.append(float(counts.metrics_of([[1]])["note_onset_f1_50ms"][0]))
    forecast = [one.expected_f1 for one in found]
    known = np.isfinite(scores)
    assert np.mean(np.array(forecast)[known]) == pytest.approx(np.nanmean(scores), abs=0.05)
    assert rank_correlation(forecast, scores, np.ones((1, len(found)), dtype=int))[0] > 0.2


def test_frames_are_calibrated_where_the_model_is_true(simulation) -> None:
    model, post, _, drawn, _ = simulation
    confidence, right = [], []
    for i, one in enumerate(drawn):
        inside = model.segments.infer(model.evidence(draws_of(post, i)[0])).frames()
        confidence.append(inside.max(axis=1))
        right.append(inside.argmax(axis=1) == one.labels())
    confidence, right = np.concatenate(confidence), np.concatenate(right)
    for low in (0.4, 0.6, 0.8, 0.9):
        here = (confidence >= low) & (confidence < low + 0.1)
        assert abs(confidence[here].mean() - right[here].mean()) < 0.04


def test_minimum_risk_wins_on_average(simulation) -> None:
    _, post, notes, _, found = simulation
    duration = GRID.seconds(post.log_probs.shape[3])

    def f1(chosen) -> float:
        parts = [
            NoteStatistics.of(truth, [h.note for h in chosen(one)], duration)
            for truth, one in zip(notes, found, strict=True)
        ]
        counts = NoteStatistics.stack(parts)
        return float(counts.metrics_of(np.ones((1, len(parts))))["note_onset_f1_50ms"][0])

    assert f1(lambda one: one.hypotheses) > f1(lambda one: one.likeliest) + 0.01


def test_no_other_choice_of_candidates_expects_more(simulation) -> None:
    _, _, _, _, found = simulation
    for one in found[:4]:
        every = [*one.hypotheses, *one.others][:5]
        samples = list(one.samples)[:100]
        best = max(
            np.mean(
                [
                    1.0
                    if not chosen and not sample
                    else 2 * _pairs(chosen, sample) / (len(chosen) + len(sample))
                    for sample in samples
                ]
            )
            for size in range(len(every) + 1)
            for chosen in itertools.combinations(every, size)
        )
        assert one.expected_f1 > best - 0.05  # the best of a hundred


def _pairs(chosen, sample) -> int:
    from bayes_a2m.metrics.notes import matched

    return matched(sample, [h.note for h in chosen])


def test_probabilities_are_frequencies_of_samples(simulation) -> None:
    model, post, _, _, _ = simulation
    few = FramePosterior(post.log_probs[:, :, :3], post.lengths[:3], post.ids[:3], VOCABULARY)
    for one in note_posteriors(few, model, fresh(5), paths_per_draw=4000):
        for note in (*one.hypotheses, *one.others):
            near = one.samples.near(note.pitch, note.onset, one.tolerance)
            seen = np.unique(one.samples.sample[near]).size / len(one.samples)
            assert note.probability == pytest.approx(seen, abs=0.03)
            other = 124 - note.pitch
            elsewhere = one.samples.near(other, note.onset, one.tolerance)
            assert note.alternatives[VOCABULARY.pitches.index(note.pitch)] == note.probability
            if 0.1 < note.onset < one.duration - 0.15:  # at its ends notes are cut to none
                assert note.alternatives[VOCABULARY.pitches.index(other)] == pytest.approx(
                    min(1.0, elsewhere.size / len(one.samples)), abs=0.03
                )


def test_doubt_has_three_parts() -> None:
    late = np.repeat([0, 1, 0], [65, 60, 45])
    early = np.repeat([0, 1, 0], [30, 60, 80])
    draws = np.stack([sure(late), sure(early)])
    log_probs = np.log(np.maximum(draws, 1e-9))[None, :, None].astype(np.float32)
    post = FramePosterior(log_probs, [170], ("a",), VOCABULARY)
    network = note_posteriors(post, EXACT, fresh(), paths_per_draw=50)[0]
    note = next(h for h in (*network.hypotheses, *network.others))
    assert note.probability == pytest.approx(0.5, abs=0.01)
    assert note.doubt.network == pytest.approx(0.25, abs=0.01)
    assert note.doubt.data + note.doubt.clock < 0.01
    one = FramePosterior(log_probs[:, :1], [170], ("a",), VOCABULARY)
    clock = note_posteriors(one, with_lag(0.05), fresh(), paths_per_draw=200)[0].hypotheses[0]
    assert clock.doubt.clock > 0.15
    assert clock.doubt.data + clock.doubt.network < 0.01
    total = clock.doubt.data + clock.doubt.network + clock.doubt.clock
    assert total == pytest.approx(clock.probability * (1 - clock.probability), abs=0.01)


def test_each_sample_has_one_lag() -> None:
    post = FramePosterior.from_probs([sure(LABELS)], vocabulary=VOCABULARY)
    one = note_posteriors(post, with_lag(0.03, mean=0.012), fresh(), paths_per_draw=400)[0]
    assert np.std(one.samples.lag) == pytest.approx(0.03, rel=0.1)
    assert np.mean(one.samples.lag) == pytest.approx(0.012, abs=0.003)
    still = from_labels(LABELS, GRID, VOCABULARY)
    for sample, lag in zip(one.samples, one.samples.lag, strict=True):
        for note, other in zip(sample, still, strict=True):
            assert note.onset - other.onset == pytest.approx(lag + GRID.hop_seconds / 2, abs=1e-9)


def test_a_known_condition_has_its_own_clock() -> None:
    lag = LagPrior(
        (LagComponent("studio", 0.5, 0.0, 0.005), LagComponent("laptop", 0.5, 0.0, 0.06))
    )
    model = replace(EXACT, lag=lag)
    post = FramePosterior.from_probs([sure(LABELS)], vocabulary=VOCABULARY)
    p = {
        name: note_posteriors(post, model, fresh(), conditions=[name])[0].probabilities[0]
        for name in ("studio", "laptop", None)
    }
    assert p["studio"] > 0.99
    assert p["laptop"] < 0.7
    assert p[None] == pytest.approx((p["studio"] + p["laptop"]) / 2, abs=0.01)
    with pytest.raises(InputError, match="studio, laptop"):
        note_posteriors(post, model, fresh(), conditions=["kitchen"])


def test_onset_evidence_parts_repeated_notes() -> None:
    labels = np.repeat([0, 1, 0], [40, 120, 40])
    onsets = np.full(200, 0.002)
    onsets[[40, 100]] = 0.9
    frames = np.where(sure(labels) > 0, 0.98, 0.01)
    model = replace(EXACT, onset_rate=0.01)
    without = FramePosterior.from_probs([frames], vocabulary=VOCABULARY)
    heard = FramePosterior.from_probs([frames], vocabulary=VOCABULARY, onsets=[onsets])
    assert len(note_posteriors(without, model, fresh())[0].hypotheses) == 1
    two = note_posteriors(heard, model, fresh(), paths_per_draw=200)[0]
    assert [GRID.frame(h.onset) for h in two.hypotheses] == [40, 100]
    assert min(two.probabilities) > 0.9
    assert [GRID.frame(h.onset) for h in two.likeliest] == [40, 100]


def test_neither_order_nor_padding_changes_a_sample() -> None:
    post, _, _ = simulated(3, 100, seed=4)
    padded = np.concatenate([post.log_probs, post.log_probs[:, :, :, :7]], axis=3)
    order = [2, 0, 1]
    other = FramePosterior(
        padded[:, :, order], post.lengths[order], tuple(post.ids[i] for i in order), VOCABULARY
    )
    model = with_lag(0.02)
    here = note_posteriors(post, model, fresh(6))
    there = note_posteriors(other, model, fresh(6))
    for place, i in enumerate(order):
        assert [h.to_dict() for h in here[i].hypotheses] == [
            h.to_dict() for h in there[place].hypotheses
        ]


def test_notes_from_elsewhere_get_probabilities_too(simulation) -> None:
    model, post, _, _, _ = simulation
    inferred = next(infer_notes(post, model, fresh(2), paths_per_draw=120))
    own = inferred.at()
    foreign = inferred.hypotheses_of([*own.notes, Note(0.1, 0.2, 64)])
    for one, same in zip(own.hypotheses, foreign, strict=False):
        assert same.onset == one.onset
        assert same.probability == pytest.approx(one.probability, abs=0.02)
    with pytest.raises(InputError, match="not in the vocabulary"):
        inferred.hypotheses_of([Note(0.0, 1.0, 61)])


def test_a_wider_tolerance_is_surer(simulation) -> None:
    model, post, _, _, _ = simulation
    for inferred in itertools.islice(infer_notes(post, model, fresh(2)), 5):
        narrow, wide = inferred.at(0.05), inferred.at(0.1)
        assert wide.expected_f1 > narrow.expected_f1 - 0.01
        with pytest.raises(InputError, match="positive"):
            inferred.at(0.0)


def test_a_recalibration_moves_probabilities_alone() -> None:
    post, _, _ = simulated(1, 200, seed=7)
    plain = note_posteriors(post, EXACT, fresh(1))[0]
    moved = note_posteriors(post, replace(EXACT, slope=0.5, intercept=0.1), fresh(1))[0]
    assert plain.notes == moved.notes
    p = np.clip(plain.probabilities, 1e-6, 1 - 1e-6)
    logit = 0.5 * np.log(p / (1 - p)) + 0.1
    np.testing.assert_allclose(moved.probabilities, 1 / (1 + np.exp(-logit)))


def test_what_does_not_fit_is_refused() -> None:
    post, _, _ = simulated(1, 50, seed=8)
    broken = np.array(post.log_probs)
    broken[0, 0, 0, 3, 1] = np.nan
    with pytest.raises(InputError, match="NaN"):
        note_posteriors(replace(post, log_probs=broken), EXACT, fresh())
    other = FramePosterior.from_probs([np.full((5, 2), 0.5)], vocabulary=Vocabulary((60,)))
    with pytest.raises(InputError, match="3 classes"):
        note_posteriors(other, EXACT, fresh())
    with pytest.raises(InputError, match="at least 1"):
        note_posteriors(post, EXACT, fresh(), paths_per_draw=0)
    with pytest.raises(InputError, match="conditions"):
        note_posteriors(post, EXACT, fresh(), conditions=[None, None])


def test_candidates_take_the_likeliest_window_first() -> None:
    density = np.zeros((60, 3))
    density[10:14, 1] = [0.1, 0.4, 0.3, 0.1]
    density[12, 2] = 0.6
    density[40, 2] = 0.5
    taken = candidates(density, reach=8, apart=9)
    assert [(c.klass, round(c.probability, 2)) for c in taken] == [(1, 0.9), (2, 0.5)]
    assert taken[0].frame in (10, 11)


def test_the_number_of_notes_weighs_both_errors() -> None:
    found = np.array([[True] * 10, [True] * 6 + [False] * 4, [False] * 9 + [True]])
    chosen, expected = best_set(found, np.full(10, 2))
    assert chosen == [0, 1]
    assert expected == pytest.approx(0.6 * 1.0 + 0.4 * 0.5)
    assert best_set(np.zeros((0, 4), dtype=bool), np.array([0, 0, 1, 0])) == ([], 0.75)


def test_no_set_of_candidates_expects_much_more() -> None:
    generator = fresh(3)
    for _ in range(20):
        found = generator.random((6, 40)) < generator.random((6, 1))
        found[1] &= ~found[0]  # these two exclude each other
        counts = found.sum(axis=0) + generator.poisson(0.5, size=40)
        both = [
            (found[list(some)].sum(axis=0), len(some) + counts)
            for size in range(7)
            for some in itertools.combinations(range(6), size)
        ]
        best = max(np.where(n > 0, 2 * p / np.maximum(n, 1), 1.0).mean() for p, n in both)
        assert best_set(found, counts)[1] > best - 0.01


def test_profiles_and_plain_values() -> None:
    model = replace(with_lag(0.02), power=0.2, floor=0.01, note_bias=1.5, offset_scale=2.0)
    assert NoteModel.from_dict(model.to_dict()) == model
    legato = model.with_profile("legato")
    assert legato.segments.legato > SEGMENTS.legato
    with pytest.raises(InputError, match="hummed"):
        model.with_profile("humed")
    with pytest.raises(InputError, match="semi_markov"):
        NoteModel.from_dict({**model.to_dict(), "method": "viterbi"})
    with pytest.raises(InputError, match="note model"):
        NoteModel.from_dict({**model.to_dict(), "colour": 1.0})

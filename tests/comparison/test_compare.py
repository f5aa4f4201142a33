"""Differences between sides: known answers, zero of the same, coverage, what is said."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bayes_a2m.comparison.compare import Comparison, compare
from bayes_a2m.comparison.difference import Difference, difference
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json
from bayes_a2m.metrics import stages
from bayes_a2m.metrics.frames import NAMES, PER_CLASS_NAMES
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.music import Vocabulary
from bayes_a2m.resampling.bootstrap import resample_weights

FRAMES = 120


def model(seed: int, skill: float = 0.0, recordings: int = 12, **changes: object) -> Scored:
    """Counts of a made-up model; labels and what is hard in a recording are the same for all."""
    world, own = np.random.default_rng(0), np.random.default_rng(1000 + seed)
    skill += 0.1 * own.standard_normal()
    parts: dict[str, list[FrameStatistics]] = {}
    notes = []
    near = np.arange(FRAMES) % 20 < 4
    for _ in range(recordings):
        labels = np.repeat(world.permutation([0, 1, 2, 3, 0, 1]), 20)
        logits = own.standard_normal((FRAMES, 4)) + 0.3 * world.standard_normal()
        logits[np.arange(FRAMES), labels] += 2 + 0.5 * world.standard_normal() + skill
        law = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        masks = {"all": slice(None), "near": near, "away": ~near}
        counted = {name: FrameStatistics.of(law[m], labels[m]) for name, m in masks.items()}
        for name, part in stages.parted(law, labels).items():
            counted[name] = FrameStatistics.of(*part, fine=False)
        for name, one in counted.items():
            parts.setdefault(name, []).append(one)
        found = own.binomial(4, 0.7)
        notes.append([4, 4, found, found, own.binomial(found, 0.5)])
    scored = Scored(
        ids=tuple(f"{i:03d}" for i in range(recordings)),
        conditions=tuple(("noisy", "studio")[i % 2] for i in range(recordings)),
        vocabulary=Vocabulary(),
        parts={name: FrameStatistics.stack(own_parts) for name, own_parts in parts.items()},
        notes=NoteStatistics(*np.array(notes, dtype=float).T),
    )
    return replace(scored, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def better() -> list[Scored]:
    return [model(seed, 0.4) for seed in range(3)]


@pytest.fixture(scope="module")
def worse() -> list[Scored]:
    return [model(10 + seed) for seed in range(3)]


@pytest.fixture(scope="module")
def found(better: list[Scored], worse: list[Scored]) -> Comparison:
    return compare(better, worse, resamples=300, names=("two", "one"))


def every(comparison: Comparison) -> list[Difference]:
    """All differences of a comparison."""
    parts = [
        comparison.metrics,
        comparison.near_boundary,
        comparison.away_from_boundary,
        *comparison.per_class.values(),
        *comparison.per_condition.values(),
        *comparison.stages.values(),
    ]
    return [one for part in parts for one in part.values()]


@pytest.mark.parametrize("count", [1, 3])
def test_a_model_against_itself_is_zero(better: list[Scored], tmp_path: Path, count: int) -> None:
    """Also where it was stored, read, and has its recordings in another order."""
    again = []
    for i, one in enumerate(better[:count]):
        one.in_order(one.ids[::-1]).save(tmp_path / f"{i}.npz")
        again.append(Scored.load(tmp_path / f"{i}.npz"))
    for other in (better[:count], again):
        result = compare(better[:count], other, resamples=100)
        for one in every(result):
            if one.one is None:  # a score that is undefined, such as a ranking without errors
                continue
            assert (one.difference, one.low, one.high) == (0, 0, 0)
            assert one.probability_better == 0.5
        assert "are the same in NLL, accuracy, ECE" in result.sentence
        assert not result.conclusions.hints


def test_two_recordings_and_two_seeds_by_hand() -> None:
    """Accuracies 0.9 and 0.7, 0.8 and 0.8 of one side; 0.6 and 0.6, 0.7 and 0.5 of the other."""
    hits = {"one": np.array([[9, 7], [8, 8]]), "other": np.array([[6, 6], [7, 5]])}
    weights = np.array([[1, 1], [2, 0], [0, 2], [1, 1]])
    one, other = (side @ weights.T / (10 * weights.sum(axis=1)) for side in hits.values())
    # differences by recording are 0.2 and 0.2, hence none by resample; by seed 0.2 and 0.2
    flat = difference(one, other, recordings=2, better="higher")
    assert flat.difference == pytest.approx(0.2)
    assert flat.error_recordings == pytest.approx(0, abs=1e-9)
    # the second model of the other side is 0.5 and 0.5 now: seeds differ by 0.2 and 0.3
    other = np.array([[6, 6], [5, 5]]) @ weights.T / (10 * weights.sum(axis=1))
    paired = difference(one, other, recordings=2, better="higher")
    # by resample 0.25, 0.3, 0.2 and 0.25: variances of three, times 2 / 1
    of_recordings = np.var([0.3, 0.2, 0.25]) * 2
    of_seeds = np.var([0.2, 0.3], ddof=1) / 2
    assert paired.difference == pytest.approx(0.25)
    assert paired.error_recordings == pytest.approx(np.sqrt(of_recordings))
    assert paired.error_seeds == pytest.approx(np.sqrt(of_seeds))
    total = of_recordings + of_seeds
    freedom = total**2 / (of_recordings**2 + of_seeds**2)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    assert (paired.low, paired.high) == pytest.approx((0.25 - reach, 0.25 + reach))
    chance = stats.t.cdf(0.25 / np.sqrt(total), freedom)
    assert paired.probability_better == pytest.approx(chance)
    lower = difference(one, other, recordings=2, better="lower")
    assert lower.probability_better == pytest.approx(1 - chance)

    bounded = difference(one, other, recordings=2, better="higher", largest=0.5)
    assert 0.25 < reach < 0.75
    assert (bounded.low, bounded.high) == (pytest.approx(0.25 - reach), 0.5)
    assert bounded.probability_better == paired.probability_better

    unpaired = difference(one, other, recordings=2, better="higher", paired=False)
    welch = np.var([0.8, 0.8], ddof=1) / 2 + np.var([0.6, 0.5], ddof=1) / 2
    assert unpaired.error_seeds == pytest.approx(np.sqrt(welch))


def test_of_a_mean_over_recordings_it_is_the_paired_t_test() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(2, 8))
    weights = np.concatenate([np.ones((1, 8)), resample_weights(8, 20_000, generator)]) / 8
    found = difference(weights @ one, weights @ other, recordings=8, better="higher")
    test = stats.ttest_rel(one, other)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()), abs=0.02)
    assert found.error_seeds == 0


def test_what_cannot_be_known_is_none() -> None:
    alone = difference([[0.5, 0.5, 0.5]], [[0.4, 0.4, 0.4]], recordings=1, better="lower")
    assert alone.difference == pytest.approx(0.1)
    assert alone.low is alone.high is alone.probability_better is None
    nothing = difference([[np.nan, 0.5]], [[0.4, 0.4]], recordings=5, better="lower")
    assert (nothing.one, nothing.other, nothing.difference) == (None, 0.4, None)
    with pytest.raises(InputError, match="cannot be compared"):
        difference([[0.1, 0.2]], [[0.1]], recordings=5, better="lower")


def coverage(
    interval: Callable[..., tuple[float, float]], repetitions: int, spread: float
) -> float:
    """How often an interval of accuracies holds the difference that the models were made with.

    Three seeds a side on 30 recordings of 600 frames. A recording is hard for both sides, and
    harder for one of them; a seed does ``spread`` better or worse; both together do so, too.
    """
    generator, held, truth = np.random.default_rng(1), 0, 0.03
    S, R, F = 3, 30, 600
    for _ in range(repetitions):
        hard, gap = generator.normal(0, 0.08, R), generator.normal(truth, 0.04, R)

        def side(mean: NDArray[np.float64]) -> NDArray[np.float64]:
            seeds = generator.normal(0, spread, (S, 1)) + generator.normal(0, 0.02, (S, R))
            share = np.clip(0.7 + mean + seeds, 0, 1)
            return generator.binomial(F, share) / F

        one, other = side(hard + gap), side(hard)
        low, high = interval(one, other, generator)
        held += low <= truth <= high
    return held / repetitions


def of_both(one: NDArray, other: NDArray, generator: np.random.Generator) -> tuple[float, float]:
    """The interval in use."""
    found = drawn(one, other, generator)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def of_unpaired(one: NDArray, other: NDArray, generator: np.random.Generator) -> tuple:
    """The interval of seeds that do not go together."""
    found = drawn(one, other, generator, paired=False)
    return found.low, found.high


def of_unequal(one: NDArray, other: NDArray, generator: np.random.Generator) -> tuple:
    """The interval of three seeds against two."""
    found = drawn(one, other[:2], generator)
    return found.low, found.high


def without_seeds(one: NDArray, other: NDArray, generator: np.random.Generator) -> tuple:
    """What resampling recordings alone would say."""
    found = drawn(one, other, generator)
    reach = 1.96 * found.error_recordings
    return found.difference - reach, found.difference + reach


def of_frames(one: NDArray, other: NDArray, generator: np.random.Generator) -> tuple:
    """What frames would say, were they independent."""
    gap = one.mean() - other.mean()
    variance = sum(m.mean() * (1 - m.mean()) for m in (one, other)) / (600 * one.size)
    reach = 1.96 * np.sqrt(variance)
    return gap - reach, gap + reach


def drawn(one: NDArray, other: NDArray, generator: np.random.Generator, **how: bool) -> Difference:
    recordings = one.shape[1]
    weights = np.concatenate(
        [np.ones((1, recordings)), resample_weights(recordings, 200, generator)]
    )
    shares = (side @ weights.T / recordings for side in (one, other))
    return difference(*shares, recordings=recordings, better="higher", **how)


@pytest.mark.parametrize("interval", [of_both, of_unpaired, of_unequal])
@pytest.mark.parametrize("spread", [0.0, 0.02, 0.06])
def test_a_known_difference_is_covered(interval: Callable, spread: float) -> None:
    # 0.95, less the 0.02 that a freedom worked out from three seeds can cost, and chance
    assert 0.91 <= coverage(interval, 1000, spread) <= 0.99


def test_the_wrong_ways_are_seen_to_fail() -> None:
    assert coverage(without_seeds, 400, 0.06) < 0.7
    assert coverage(of_frames, 400, 0.0) < 0.85
    assert coverage(of_frames, 400, 0.06) < 0.6


def test_a_difference_is_found_on_the_right_side(
    found: Comparison, better: list[Scored], worse: list[Scored]
) -> None:
    once = np.ones((1, 12))
    for name, sign in (("accuracy", 1), ("nll", -1)):
        one = found.metrics[name]
        means = [
            np.mean([m.parts["all"].metrics_of(once)[name] for m in side])
            for side in (better, worse)
        ]
        assert (one.one, one.other) == pytest.approx(tuple(means))
        assert one.difference == pytest.approx(means[0] - means[1])
        assert sign * one.difference > 0
        assert one.low < one.difference < one.high
        assert one.probability_better > 0.95
    assert found.metrics["aurc"].better == "lower"
    assert found.paired_seeds
    mirrored = compare(worse, better, resamples=300).metrics["nll"]
    nll = found.metrics["nll"]
    assert (mirrored.low, mirrored.high) == pytest.approx((-nll.high, -nll.low))
    assert mirrored.probability_better == pytest.approx(1 - nll.probability_better)


def test_parts_are_compared_on_their_own(
    found: Comparison, better: list[Scored], worse: list[Scored]
) -> None:
    only = [[m.in_order(m.ids[1::2]) for m in side] for side in (better, worse)]
    studio = compare(*only, resamples=300)
    for name, one in found.per_condition["studio"].items():
        assert vars(one) == pytest.approx(vars(studio.metrics[name])), name
    once = np.ones((1, 12))
    for place, own in (("near", found.near_boundary), ("pitch", found.stages["pitch"])):
        value = np.mean([m.parts[place].quick_metrics_of(once)["ece"] for m in better])
        assert own["ece"].one == pytest.approx(value)
    recall = np.mean([m.parts["all"].per_class_of(once)["recall"][0, 2] for m in better])
    assert found.per_class["E4"]["recall"].one == pytest.approx(recall)
    assert set(found.metrics) == set(NAMES) - {"note_ece"}  # these know no probabilities of notes
    assert tuple(found.per_class["silence"]) == PER_CLASS_NAMES
    assert "note_onset_f1_50ms" not in found.near_boundary


def test_the_order_of_recordings_does_not_matter(
    found: Comparison, better: list[Scored], worse: list[Scored]
) -> None:
    turned = [worse[0], *(m.in_order(np.roll(m.ids, 5).tolist()) for m in worse[1:])]
    again = compare(better, turned, resamples=300, names=("two", "one"))
    assert [vars(d) for d in every(again)] == [pytest.approx(vars(d)) for d in every(found)]


def test_it_is_what_the_schema_says(found: Comparison) -> None:
    file = importlib.resources.files("bayes_a2m") / "schemas" / "compare.json"
    schema = read_json(Path(str(file)))
    alone = compare([model(0, recordings=1)], [model(1, recordings=1)], resamples=20)
    for one in (found, alone):
        written = json.loads(json.dumps(one.to_dict(), allow_nan=False))
        jsonschema.validate(written, schema)
    assert set(found.to_dict()["metrics"]["nll"]) >= {"one", "other", "difference", "low", "high"}
    assert found.to_dict()["names"] == ["two", "one"]


def test_what_can_be_concluded_is_said(found: Comparison) -> None:
    said = found.conclusions
    assert said.sentence.startswith("Compared on 12 recordings, 3 seeds a side. ")
    assert said.can[0].startswith("two has a lower NLL than one, by 0.")
    for metric in ("note onset F1 within 50 ms", "note onset F1 within 100 ms"):
        (line,) = [s for s in said.cannot if metric in s and "Nothing" in s]
        assert "better or" in line
    assert any(line.startswith("What would help most: more ") for line in said.cannot)
    assert said.hints
    assert "would by chance; these are hints, not findings" in said.caution
    assert "designs" not in said.sentence


def test_what_cannot_be_concluded_is_said(better: list[Scored], worse: list[Scored]) -> None:
    two = compare(better[:1], worse[:1], resamples=50, names=("two", "one"))
    assert not two.paired_seeds
    assert two.metrics["nll"].error_seeds == 0
    assert "one model a side" in two.sentence
    assert "not about their designs" in two.sentence
    mixed = compare(better, worse[:1], resamples=50, names=("two", "one")).sentence
    assert "3 against 1 models" in mixed
    assert "Of one this is about one model, not about its design" in mixed
    few = compare(better[:2], worse[:2], resamples=50).sentence
    assert "Two seeds hardly measure how much seeds differ" in few
    alone = compare([model(0, recordings=1)], [model(1, recordings=1)], resamples=20).sentence
    assert "Nothing can be said of NLL: recordings so few show no spread" in alone


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda m: m.in_order(m.ids[2:]), "other lacks recordings 000, 001, compared with one"),
        (lambda m: replace(m, ids=("x", *m.ids[1:])), "lacks recording 000 and has recording x"),
        (lambda m: replace(m, vocabulary=Vocabulary((60, 62, 64))), "knows the pitches C4, D4, E4"),
        (lambda m: replace(m, notes=model(1, recordings=12).notes.select([1] * 12)), None),
        (lambda m: replace(m, notes=_more(m.notes)), "other references than one"),
        (lambda m: replace(m, parts=_turned(m.parts)), "other references than one"),
        (lambda m: replace(m, parts={"all": m.parts["all"]}), "score both in the same way"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    better: list[Scored], other: Callable[[Scored], Scored], says: str | None
) -> None:
    if says is None:  # the same reference notes, found otherwise
        compare(better[:1], [other(better[0])], resamples=5)
        return
    with pytest.raises(InputError, match=says):
        compare(better[:1], [other(better[0])], resamples=5)


def test_a_model_among_several_is_named(better: list[Scored], worse: list[Scored]) -> None:
    short = worse[1].in_order(worse[1].ids[1:])
    with pytest.raises(InputError, match=r"flat \(model 2 of 2\) lacks recording 000"):
        compare(better, [worse[0], short], names=("deep", "flat"))
    with pytest.raises(InputError, match="flat: there is no model"):
        compare(better, [], names=("deep", "flat"))


def test_recordings_without_notes_do_not_bear_on_them(
    better: list[Scored], worse: list[Scored]
) -> None:
    def only_first(scored: Scored) -> Scored:
        first = np.arange(len(scored)) == 0
        kept = {
            f.name: np.where(first, getattr(scored.notes, f.name), 0)
            for f in fields(NoteStatistics)
        }
        return replace(scored, notes=NoteStatistics(**kept))

    found = compare([only_first(m) for m in better], [only_first(m) for m in worse], resamples=50)
    one = found.metrics["note_onset_f1_50ms"]
    assert one.difference is not None
    assert one.low is one.high is one.probability_better is None
    assert found.metrics["nll"].low is not None
    assert found.per_condition["studio"]["note_onset_f1_50ms"].difference is None


def _more(notes: NoteStatistics) -> NoteStatistics:
    return replace(notes, reference=notes.reference + 1)


def _turned(parts: dict[str, FrameStatistics]) -> dict[str, FrameStatistics]:
    """Counts of the same frames under other labels."""
    turned = replace(parts["all"], confusion=np.roll(parts["all"].confusion, 1, axis=1))
    return {**parts, "all": turned}


def test_rare_classes_and_silent_recordings_are_no_fault() -> None:
    """A class in no recording, frames near no boundary, nothing that sounds, no notes."""

    def quiet(confidence: float) -> Scored:
        law, labels = [[confidence, 1 - confidence]] * 9, [0] * 9
        frames = FrameStatistics.stack([FrameStatistics.of(law, labels) for _ in range(3)])
        none = FrameStatistics.stack([FrameStatistics.of(np.zeros((0, 2)), []) for _ in range(3)])
        staged: Sequence[dict] = [stages.parted(law, labels) for _ in range(3)]
        staged_counts = {
            name: FrameStatistics.stack(
                [FrameStatistics.of(*one[name], fine=False) for one in staged]
            )
            for name in stages.NAMES
        }
        parts = {"all": frames, "near": none, "away": frames, **staged_counts}
        notes = NoteStatistics(*[np.zeros(3)] * 5)
        return Scored(("a", "b", "c"), ("",) * 3, Vocabulary((60,)), parts, notes)

    result = compare([quiet(0.9)], [quiet(0.8)], resamples=20)
    assert result.metrics["nll"].difference == pytest.approx(np.log(0.8 / 0.9))
    assert result.metrics["note_onset_f1_50ms"].difference is None
    assert result.metrics["error_auroc"].difference is None
    assert result.near_boundary == result.stages["pitch"] == result.per_condition == {}
    assert result.per_class["C4"]["recall"].difference is None
    assert result.sentence


def test_whole_takes_are_resampled() -> None:
    """Recordings that are cut from one take and alike are one: the interval does not know more."""
    generator = np.random.default_rng(3)
    one, other = (generator.integers(4, 10, size=14) for _ in range(2))

    def scored(hits: NDArray[np.int64], copies: int) -> Scored:
        probs = [[[0.8, 0.2]] * int(n) + [[0.2, 0.8]] * (10 - int(n)) for n in hits]
        ids = tuple(f"{i}.{c}" for i in range(len(hits)) for c in range(copies))
        frames = [FrameStatistics.of(p, [0] * 10) for p in probs for _ in range(copies)]
        notes = NoteStatistics(*[np.zeros(len(ids))] * 5)
        parts = {"all": FrameStatistics.stack(frames)}
        return Scored(ids, ("",) * len(ids), Vocabulary((60,)), parts, notes)

    single = compare([scored(one, 1)], [scored(other, 1)]).metrics["accuracy"]
    tripled = [scored(one, 3)], [scored(other, 3)]
    takes = {name: name.partition(".")[0] for name in tripled[0][0].ids}
    by_take = compare(*tripled, takes=takes)
    assert (by_take.recordings, by_take.takes) == (42, 14)
    for name in ("difference", "low", "high", "probability_better"):
        found = getattr(by_take.metrics["accuracy"], name)
        assert found == pytest.approx(getattr(single, name), rel=1e-9), name
    # by recording it would look more certain than it is, by the root of three
    by_recording = compare(*tripled).metrics["accuracy"]
    assert by_recording.low is not None
    assert by_recording.high is not None
    assert single.low is not None
    assert single.high is not None
    ratio = (single.high - single.low) / (by_recording.high - by_recording.low)
    assert ratio == pytest.approx(np.sqrt(3), rel=0.15)


def test_recordings_that_differ_alike_say_nothing_of_others() -> None:
    found = difference([[0.9] * 5], [[0.8] * 5], recordings=2, better="higher")
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high, found.probability_better) == (None, None, None)
    # what is the same in all is the same
    same = difference([[0.8] * 5], [[0.8] * 5], recordings=2, better="higher")
    assert (same.low, same.high, same.probability_better) == (0.0, 0.0, 0.5)

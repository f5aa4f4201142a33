"""Transforms are uniform where they should be, and show what is wrong where they should not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.sampling import sample_paths
from bayes_a2m.decoding.viterbi import viterbi
from bayes_a2m.diagnostics.pit import PIT, pits, randomised_pit, statistics_of
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.music.notes import from_labels
from bayes_a2m.prediction.posterior import FramePosterior

Ints = NDArray[np.int64]
GRID = FrameGrid()
SHORTEST = 3 * GRID.hop_seconds

CHAIN = np.array([[0.92, 0.04, 0.04], [0.1, 0.85, 0.05], [0.1, 0.05, 0.85]])
DECODER = Decoder(
    tuple(tuple(row) for row in CHAIN), (0.5, 0.25, 0.25), (0.5, 0.25, 0.25), weight=1.0
)


def fresh(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def hidden_markov(
    recordings: int, generator: np.random.Generator, padding: int = 0
) -> tuple[FramePosterior, list[Ints]]:
    """Paths of the decoder's own chain, and what noisy observations of them say.

    The distribution of a path given its observations is exactly that which the decoder's score
    defines, so references and sampled paths are exchangeable.
    """
    distributions, labels = [], []
    for _ in range(recordings):
        frames = int(generator.integers(30, 61))
        path = np.empty(frames, dtype=np.int64)
        path[0] = generator.choice(3, p=DECODER.initial)
        for t in range(1, frames):
            path[t] = generator.choice(3, p=CHAIN[path[t - 1]])
        seen = 1.2 * np.eye(3)[path] + generator.standard_normal((frames, 3))
        likelihood = np.exp(-0.5 * np.square(seen[:, None] - 1.2 * np.eye(3)).sum(axis=-1))
        distributions.append(likelihood / likelihood.sum(axis=1, keepdims=True))
        labels.append(path)
    post = FramePosterior.from_probs(distributions, vocabulary=Vocabulary((60, 64)))
    if padding:
        wide = np.pad(post.log_probs, ((0, 0),) * 3 + ((0, padding), (0, 0)), constant_values=-0.2)
        post = replace(post, log_probs=wide)
    return post, labels


# --- the transform ----------------------------------------------------------------------------


VALUES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf]), min_size=1, max_size=8)


@settings(deadline=None)
@given(VALUES)
def test_it_is_exactly_uniform_when_any_may_be_the_reference(values: list[float]) -> None:
    ends = []
    for i, reference in enumerate(values):
        rest = values[:i] + values[i + 1 :]
        ends.append((randomised_pit(rest, reference, 0.0), randomised_pit(rest, reference, 1.0)))
    low, high = np.array(ends).T
    at = np.linspace(0, 1, 33)[:, None]
    # given the reference u is uniform between its ends; the mixture must be uniform from 0 to 1
    mixture = np.clip((at - low) / (high - low), 0, 1).mean(axis=1)
    np.testing.assert_allclose(mixture, at[:, 0], atol=1e-12)


def test_it_is_linear_in_v_and_counts_by_hand() -> None:
    assert randomised_pit([1, 1, 4], 0, 0.0) == 0.0
    assert randomised_pit([1, 1, 4], 0, 1.0) == 0.25
    assert randomised_pit([1, 1, 4], 1, 0.5) == pytest.approx(1.5 / 4)
    assert randomised_pit([1, np.inf, np.inf], np.inf, 1.0) == 1.0
    assert randomised_pit([], 3, 0.3) == 0.3
    with pytest.raises(InputError, match="a number"):
        randomised_pit([np.nan], 0, 0.5)


def test_choosing_recordings_by_their_reference_would_bias_it() -> None:
    """Why those without a note stay in: of three equal transcriptions two have none."""
    values = [1.0, np.inf, np.inf]
    kept = [randomised_pit(values[1:], values[0], v) for v in (0.0, 1.0)]
    assert kept == [0.0, pytest.approx(1 / 3)]  # not 0 to 1


# --- statistics -------------------------------------------------------------------------------


def test_statistics_by_hand() -> None:
    paths = np.array(
        [
            [0, 1, 1, 1, 2, 2, 2, 2, 0, 1],  # two notes: the last is too short
            [1, 1, 0, 0, 0, 2, 2, 0, 1, 1],  # none long enough
            [2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
            [0, 0, 0, 0, 0, 0, 0, 1, 1, 1],  # runs do not reach into the next path
        ]
    )
    found = statistics_of(paths, GRID, shortest=SHORTEST)
    np.testing.assert_allclose(found["silence"], [0.2, 0.4, 0.0, 0.7])
    np.testing.assert_allclose(found["notes"], [2, 0, 1, 1])
    np.testing.assert_allclose(found["onset"], [0.006, np.inf, 0.0, 0.042])
    with pytest.raises(InputError, match="shape"):
        statistics_of(paths[0], GRID)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000))
def test_notes_are_those_of_the_labels(seed: int) -> None:
    paths = np.repeat(fresh(seed).integers(0, 3, (4, 12)), fresh(seed + 1).integers(1, 12, 12), 1)
    found = statistics_of(paths, GRID)
    for k, path in enumerate(paths):
        notes = from_labels(path, GRID, Vocabulary((60, 64)))
        kept = [note for note in notes if note.duration >= 0.05]
        assert found["notes"][k] == len(kept)
        assert found["onset"][k] == pytest.approx(kept[0].onset if kept else np.inf)


# --- recordings -------------------------------------------------------------------------------


def test_uniform_where_reference_and_samples_are_exchangeable() -> None:
    post, labels = hidden_markov(300, fresh(1))
    found = pits(post, labels, DECODER, fresh(2), paths_per_draw=19, shortest=SHORTEST)
    assert list(found) == ["silence", "notes", "onset"]
    for one in found.values():
        assert one.ks()[1] > 0.01
        assert one.shape() == "no departure seen with 300 recordings"
        assert one.ks() == pytest.approx(stats.kstest(one.values, stats.uniform.cdf))


def test_the_likeliest_path_for_samples_is_too_narrow() -> None:
    """Every draw's own decoding has no doubt of labels, so references lie outside: a U."""
    post, labels = hidden_markov(300, fresh(1))
    scores = post.log_probs[0, 0].astype(np.float64)
    chain, initial = np.log(CHAIN), np.log(DECODER.initial)
    values = []
    for i, one in enumerate(labels):
        draws = [scores[i, : one.size] + 0.1 * fresh(k).standard_normal(3) for k in range(19)]
        paths = np.array([viterbi(draw, chain, initial)[0] for draw in draws])
        samples = statistics_of(paths, GRID)["silence"]
        own = statistics_of(one[None], GRID)["silence"][0]
        values.append(randomised_pit(samples, own, fresh(i).random()))
    narrow = PIT("silence", np.array(values), post.ids)
    assert narrow.ks()[1] < 1e-4
    assert narrow.dispersion() > 5
    assert "too narrow" in narrow.shape()


def test_sharper_samples_are_too_narrow_and_blunter_too_wide() -> None:
    post, labels = hidden_markov(300, fresh(3))
    sharp = pits(post, labels, replace(DECODER, weight=3.0), fresh(4), paths_per_draw=19)
    assert "too narrow" in sharp["silence"].shape()
    wide = [PIT("notes", fresh(0).beta(3, 3, 60), tuple(map(str, range(60))))]
    assert wide[0].shape().startswith("too wide (hump)")


def test_a_bias_is_named() -> None:
    post, labels = hidden_markov(300, fresh(5))
    tilted = np.exp(post.log_probs) * np.array([0.35, 1, 1], dtype=np.float32)
    quiet = replace(post, log_probs=np.log(tilted / tilted.sum(axis=-1, keepdims=True)))
    found = pits(quiet, labels, DECODER, fresh(6), paths_per_draw=19, shortest=SHORTEST)
    assert found["silence"].shape().startswith("biased: references have more silence")
    assert "fewer notes than predicted" in found["notes"].shape()
    assert "later first notes than predicted" in found["onset"].shape()


def test_shapes_in_words() -> None:
    def of(values: NDArray[np.float64], statistic: str = "silence") -> str:
        return PIT(statistic, values, tuple(map(str, range(values.size)))).shape()

    even = (np.arange(40) + 0.5) / 40
    assert of(even) == "no departure seen with 40 recordings"
    ends = np.where(even < 0.5, even / 4, 1 - (1 - even) / 4)
    assert of(ends).startswith("too narrow (U)")
    assert of(0.3 + 0.4 * even).startswith("too wide (hump)")
    assert of(even**3) == "biased: references have less silence than predicted"
    assert of(even**3, "weight") == "biased: references have lower values than predicted"
    lopsided = np.where(even < 0.75, 0.02 * even, 1 - 0.02 * even)
    assert of(lopsided).endswith("and samples are too narrow")
    assert of(even[:3]).startswith("3 recordings are too few")
    assert of(even[:1]).startswith("1 recording is too few")


def test_a_departure_is_seen_by_chance_as_often_as_said() -> None:
    """5 % of 2,000 uniform samples, within four Monte Carlo errors."""
    ids = tuple(map(str, range(20)))
    wrong = sum(
        not PIT("notes", one, ids).shape().startswith("no departure")
        for one in fresh(8).random((2000, 20))
    )
    assert 0.03 < wrong / 2000 < 0.07


@pytest.mark.parametrize(("shared", "least", "most"), [(0.0, 0.0, 0.09), (1.0, 0.25, 1.0)])
def test_draws_that_all_recordings_share_make_p_too_small(
    shared: float, least: float, most: float
) -> None:
    """The caution of the module: one error of the model moves all recordings."""
    generator, rejected = fresh(13), 0
    for _ in range(200):
        truth, *draws = shared * generator.standard_normal(31)
        references = truth + generator.standard_normal(40)
        samples = np.array(draws)[:, None] + generator.standard_normal((30, 40))
        below = (samples < references).sum(axis=0)
        one = PIT("notes", (below + generator.random(40)) / 31, tuple(map(str, range(40))))
        rejected += one.ks()[1] < 0.05
    assert least <= rejected / 200 <= most


def test_neither_padding_nor_order_changes_a_value() -> None:
    post, labels = hidden_markov(12, fresh(9))
    wide, _ = hidden_markov(12, fresh(9), padding=13)
    order = fresh(10).permutation(12)
    moved = FramePosterior(
        post.log_probs[:, :, order],
        post.lengths[order],
        tuple(post.ids[k] for k in order),
        post.vocabulary,
    )
    plain = pits(post, labels, DECODER, fresh(), paths_per_draw=5)
    padded = pits(wide, labels, DECODER, fresh(), paths_per_draw=5)
    other = pits(moved, [labels[k] for k in order], DECODER, fresh(), paths_per_draw=5)
    for name, one in plain.items():
        np.testing.assert_array_equal(one.values, padded[name].values)
        np.testing.assert_array_equal(one.values[order], other[name].values)
        assert other[name].ids == moved.ids


def test_the_samples_are_those_of_the_paths() -> None:
    post, labels = hidden_markov(6, fresh(11))
    found = pits(post, labels, DECODER, fresh(12), paths_per_draw=9)["silence"]
    paths = sample_paths(post, DECODER, fresh(12), paths_per_draw=9)
    for i, sampled in enumerate(paths):
        share, own = (sampled == 0).mean(axis=1), (labels[i] == 0).mean()
        assert (share < own).sum() / 10 <= found.values[i] <= ((share <= own).sum() + 1) / 10


def test_what_makes_no_sense_is_refused() -> None:
    post, labels = hidden_markov(3, fresh())
    with pytest.raises(InputError, match="labels of 2"):
        pits(post, labels[:2], DECODER, fresh())
    with pytest.raises(InputError, match="one value a recording"):
        PIT("notes", np.zeros(2), ("a",))
    with pytest.raises(InputError, match="0 to 1"):
        PIT("notes", np.array([1.2]), ("a",))

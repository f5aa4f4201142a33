"""Running moments say what all draws say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m import calibration
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.netcdf_files import write_netcdf
from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
from bayes_a2m.prediction.summary import PosteriorSummary

READS = (
    "mean",
    "variance",
    "total_variance",
    "expected_variance",
    "entropy",
    "expected_entropy",
    "mutual_information",
    "confidence",
    "margin",
)


def posterior(draws: int = 12, recordings: int = 3, frames: int = 9, seed: int = 0):
    generator = np.random.default_rng(seed)
    probs = generator.dirichlet(np.full(4, 0.4), size=(1, draws, recordings, frames))
    lengths = generator.integers(1, frames + 1, recordings)
    lengths[0] = frames
    ids = tuple(f"voice_{i}" for i in range(recordings))
    return FramePosterior(np.log(np.maximum(probs, 1e-12)), lengths, ids)


def batches(post: FramePosterior, sizes: list[int]) -> Iterator[FramePosterior]:
    start = 0
    for size in sizes:
        yield replace(post, log_probs=post.log_probs[:, start : start + size])
        start += size
    assert start == post.draws


def assert_same(one: FramePredictive, other: FramePredictive, atol: float = 2e-6) -> None:
    for name in READS:
        first, second = getattr(one, name)(), getattr(other, name)()
        assert first.dtype == second.dtype == np.float32
        np.testing.assert_allclose(first, second, atol=atol, err_msg=name)
    assert one.draws == other.draws
    assert (one.ids, one.vocabulary, one.grid) == (other.ids, other.vocabulary, other.grid)
    np.testing.assert_array_equal(one.lengths, other.lengths)


def test_two_draws_by_hand() -> None:
    probs = np.array([[0.9, 0.1], [0.3, 0.7]]).reshape(2, 1, 1, 1, 2)
    post = FramePosterior(np.log(probs), np.array([1]), ("a",), Vocabulary((60,)))
    alone = [replace(post, log_probs=post.log_probs[i : i + 1]) for i in range(2)]
    merged = PosteriorSummary.of_batches(alone)
    assert merged.draws == 2
    np.testing.assert_allclose(merged.mean(), [[[0.6, 0.4]]], rtol=1e-6)
    np.testing.assert_allclose(merged.variance(), [[[0.09, 0.09]]], rtol=1e-6)
    np.testing.assert_allclose(merged.expected_variance(), [[[0.15, 0.15]]], rtol=1e-6)
    assert merged.margin() == pytest.approx(0.2, rel=1e-5)


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 10_000))
def test_any_batches_give_the_whole(sizes: list[int], seed: int) -> None:
    post = posterior(sum(sizes), seed=seed)
    assert_same(PosteriorSummary.of_batches(batches(post, sizes)), post)


def test_draws_that_hardly_differ_do_not_cancel() -> None:
    # variance 1e-8 beside p (1 - p) = 0.19: sums of squares in 32 bits would lose it
    generator = np.random.default_rng(0)
    p = 0.9 + 1e-4 * generator.standard_normal((1, 50, 1, 5))
    post = FramePosterior(np.log(np.stack([p, 1 - p], -1)), [5], ("a",), Vocabulary((60,)))
    got = PosteriorSummary.of_batches(batches(post, [1] * 50)).variance()
    expected = np.exp(post.log_probs.astype(np.float64)).var(axis=(0, 1))
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert 5e-9 < got[..., 0].mean() < 2e-8


def test_calibration_reads_it(tmp_path: Path) -> None:
    post = posterior()
    generator = np.random.default_rng(1)
    labels = [generator.integers(0, 4, n) for n in post.lengths]
    summary = PosteriorSummary.of_posterior(post)
    for score in (calibration.nll, calibration.ece, calibration.accuracy):
        assert score(summary, labels) == pytest.approx(score(post, labels), rel=1e-5)
    for i, length in enumerate(post.lengths):
        np.testing.assert_allclose(summary.of(i), post.of(i), atol=1e-6)
        assert len(summary.of(i)) == length
    assert len(summary) == 3


def test_chunks_of_recordings_are_the_whole() -> None:
    post = posterior(6, 4, 9, seed=2)
    post = replace(post, lengths=np.array([4, 2, 9, 3]))
    parts = []
    for chosen in ([0, 1], [2], [3]):
        width = int(post.lengths[chosen].max())
        part = FramePosterior(
            post.log_probs[:, :, chosen, :width],
            post.lengths[chosen],
            tuple(post.ids[i] for i in chosen),
        )
        parts.append(PosteriorSummary.of_posterior(part))
    whole = PosteriorSummary.concatenate(parts)
    assert whole.ids == post.ids
    inside = post.inside()
    np.testing.assert_array_equal(whole.inside(), inside)
    for name in READS:
        got, expected = getattr(whole, name)(), getattr(post, name)()
        np.testing.assert_allclose(got[inside], expected[inside], atol=2e-6, err_msg=name)
    np.testing.assert_allclose(whole.mean().sum(-1), 1, atol=1e-5)  # padding is a law, too


@pytest.mark.parametrize("vocabulary", [Vocabulary((48, 50, 52), -12, "C3"), Vocabulary()])
def test_survives_a_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    post = posterior()
    post = replace(post, vocabulary=vocabulary, grid=FrameGrid(22050, 160))
    summary = PosteriorSummary.of_posterior(post)
    labels = [np.ones(n, dtype=np.int64) for n in post.lengths]
    summary.save(tmp_path / "predictions.nc", labels)
    assert_same(PosteriorSummary.load(tmp_path / "predictions.nc"), summary)
    # it is the file of the contract, and others read its mean
    with xarray.open_dataset(tmp_path / "predictions.nc", engine="h5netcdf") as data:
        xarray.testing.assert_allclose(data.load(), post.to_xarray(labels), atol=2e-6)
    mean = FramePosterior.load(tmp_path / "predictions.nc")
    np.testing.assert_allclose(mean.mean(), post.mean(), atol=1e-6)
    # and goes on where it stopped
    more = PosteriorSummary.load(tmp_path / "predictions.nc").merged(summary)
    assert more.draws == 24
    np.testing.assert_allclose(more.variance(), post.variance(), atol=2e-6)


def test_a_file_of_all_draws_is_summed_up(tmp_path: Path) -> None:
    post = posterior()
    post.save(tmp_path / "x.nc")
    assert_same(PosteriorSummary.load(tmp_path / "x.nc"), post)
    with pytest.raises(InputError, match="no such predictions file"):
        PosteriorSummary.load(tmp_path / "y.nc")
    write_netcdf(tmp_path / "z.nc", post.to_xarray().drop_vars("variance"))
    with pytest.raises(InputError, match=r"z\.nc: the predictions lack .*variance"):
        PosteriorSummary.load(tmp_path / "z.nc")


def test_what_does_not_belong_together_is_refused() -> None:
    post = posterior()
    summary = PosteriorSummary.of_posterior(post)
    others = (
        replace(post, ids=("a", "b", "c")),
        replace(post, grid=FrameGrid(22050, 160)),
        replace(post, vocabulary=Vocabulary((48, 50, 52))),
        replace(post, lengths=np.array([1, 1, 9])),
    )
    for other in others:
        with pytest.raises(InputError, match="same recordings, vocabulary and grid"):
            summary.merged(PosteriorSummary.of_posterior(other))
    for other in others[1:3]:
        with pytest.raises(InputError, match="different vocabularies or grids"):
            PosteriorSummary.concatenate([summary, PosteriorSummary.of_posterior(other)])
    with pytest.raises(InputError, match="not with 12, 24"):
        PosteriorSummary.concatenate([summary, summary.merged(summary)])
    with pytest.raises(InputError, match="no recordings"):
        PosteriorSummary.concatenate([])
    with pytest.raises(InputError, match="no draws"):
        PosteriorSummary.of_batches([])

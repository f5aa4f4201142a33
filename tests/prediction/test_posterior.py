"""The type in the middle: its sums, its laws, and the way to a file and back."""

from __future__ import annotations

import sys
from math import log
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.netcdf_files import write_netcdf
from bayes_a2m.prediction.posterior import FramePosterior

TWO = Vocabulary((60,))


def random_posterior(
    chains: int = 2, draws: int = 3, recordings: int = 2, frames: int = 6, seed: int = 0
) -> FramePosterior:
    generator = np.random.default_rng(seed)
    shape = (chains, draws, recordings, frames)
    probs = generator.dirichlet(np.full(4, 0.5), size=shape)
    lengths = generator.integers(1, frames + 1, recordings)
    ids = tuple(f"voice_{i}" for i in range(recordings))
    return FramePosterior(np.log(np.maximum(probs, 1e-12)), lengths, ids)


def two_draws(first: list[float], second: list[float]) -> FramePosterior:
    """One frame of one recording, two draws of two classes."""
    probs = np.array([first, second], dtype=np.float32).reshape(1, 2, 1, 1, 2)
    return FramePosterior(np.log(np.maximum(probs, 1e-12)), np.array([1]), ("a",), TWO)


def test_doubt_is_split_as_by_hand() -> None:
    post = two_draws([0.9, 0.1], [0.3, 0.7])
    np.testing.assert_allclose(post.mean(), [[[0.6, 0.4]]], rtol=1e-5)
    np.testing.assert_allclose(post.variance(), [[[0.09, 0.09]]], rtol=1e-5)
    total = -0.6 * log(0.6) - 0.4 * log(0.4)
    each = [-p * log(p) - (1 - p) * log(1 - p) for p in (0.9, 0.7)]
    assert post.entropy() == pytest.approx(total, rel=1e-5)
    assert post.expected_entropy() == pytest.approx(sum(each) / 2, rel=1e-5)
    assert post.mutual_information() == pytest.approx(total - sum(each) / 2, rel=1e-4)
    assert post.confidence() == pytest.approx(0.6)
    assert post.draws == 2


def test_draws_that_are_sure_of_different_things_are_all_epistemic() -> None:
    post = two_draws([1.0, 0.0], [0.0, 1.0])
    assert post.entropy() == pytest.approx(log(2), rel=1e-5)
    assert post.expected_entropy() == pytest.approx(0, abs=1e-6)
    assert post.mutual_information() == pytest.approx(log(2), rel=1e-5)


def test_draws_that_agree_to_doubt_are_all_aleatoric() -> None:
    post = two_draws([0.5, 0.5], [0.5, 0.5])
    assert post.expected_entropy() == pytest.approx(log(2), rel=1e-5)
    assert post.mutual_information() == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10_000))
def test_the_parts_of_doubt_add_up(chains: int, draws: int, seed: int) -> None:
    post = random_posterior(chains, draws, seed=seed)
    information = post.mutual_information()
    np.testing.assert_allclose(post.entropy(), post.expected_entropy() + information, atol=1e-5)
    assert (information >= 0).all()
    assert (post.entropy() <= log(4) + 1e-5).all()
    assert post.draws == chains * draws
    if post.draws == 1:
        assert not information.any()
        assert not post.variance().any()
    np.testing.assert_allclose(post.mean().sum(-1), 1, atol=1e-5)


def test_chains_and_draws_count_alike() -> None:
    post = random_posterior(2, 3)
    flat = FramePosterior(post.log_probs.reshape(6, 1, 2, 6, 4), post.lengths, post.ids)
    np.testing.assert_allclose(post.mean(), flat.mean(), atol=1e-6)
    np.testing.assert_allclose(post.mutual_information(), flat.mutual_information(), atol=1e-6)


def test_shapes() -> None:
    post = random_posterior(2, 3, 5, 7)
    assert len(post) == 5
    assert post.log_probs.dtype == np.float32
    assert post.mean().shape == post.variance().shape == (5, 7, 4)
    for values in (post.entropy(), post.mutual_information(), post.confidence()):
        assert values.shape == (5, 7)
        assert values.dtype == np.float32
    for i, length in enumerate(post.lengths):
        np.testing.assert_array_equal(post.of(i), post.mean()[i, :length])


def test_recordings_of_any_lengths_are_put_together() -> None:
    generator = np.random.default_rng(0)
    probs = [generator.dirichlet(np.ones(4), size=n) for n in (5, 1, 9)]
    post = FramePosterior.from_probs(probs, ids=["a", "b", "c"])
    assert post.lengths.tolist() == [5, 1, 9]
    assert post.ids == ("a", "b", "c")
    assert post.log_probs.shape == (1, 1, 3, 9, 4)
    for i, array in enumerate(probs):
        np.testing.assert_allclose(post.of(i), array, rtol=1e-4)
    # padding is a law, too
    np.testing.assert_allclose(np.exp(post.log_probs).sum(-1), 1, atol=1e-5)


def test_an_array_of_recordings_will_do() -> None:
    probs = np.full((3, 10, 4), 0.25)
    post = FramePosterior.from_probs(probs, grid=FrameGrid(22050, 160))
    assert post.ids == ("0", "1", "2")
    assert post.grid == FrameGrid(22050, 160)
    assert post.vocabulary == Vocabulary()


def test_impossible_classes_stay_finite() -> None:
    post = FramePosterior.from_probs([[[1.0, 0.0, 0.0, 0.0]]])
    assert np.isfinite(post.log_probs).all()
    assert post.mean()[0, 0].tolist() == pytest.approx([1, 0, 0, 0], abs=1e-11)
    assert post.entropy() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("probs", "settings", "message"),
    [
        ([], {}, "no recording"),
        ([[[0.5, 0.2, 0.2, 0.2]]], {}, "recording 0: probabilities must sum to one"),
        ([[[1.5, -0.5, 0, 0]]], {}, "must sum to one"),
        ([[[np.nan, 1, 0, 0]]], {}, "must sum to one"),
        ([[0.25, 0.25, 0.25, 0.25]], {}, r"\(frame, class\) or .*not of shape \(4,\)"),
        ([np.zeros((0, 4))], {}, r"not of shape \(1, 0, 4\)"),
        ([[[0.5, 0.5]]], {}, "2 classes do not fit the vocabulary silence, C4, E4, G4"),
        ([[[0.25] * 4], [[0.5] * 2]], {"ids": ["a", "b"]}, "recording b: 2 classes"),
        ([[[0.25] * 4]], {"ids": ["a", "b"]}, "1 recordings, but 2 ids"),
    ],
)
def test_what_are_no_probabilities_is_refused(
    probs: list[Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        FramePosterior.from_probs(probs, **settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"log_probs": np.zeros((2, 6, 4))}, "must be .chain, draw, recording, frame, class"),
        ({"vocabulary": TWO}, "4 classes do not fit the vocabulary silence, C4"),
        ({"ids": ("a",)}, "2 recordings, but 1 ids and 2 lengths"),
        ({"lengths": np.array([6])}, "2 recordings, but 2 ids and 1 lengths"),
        ({"lengths": np.array([0, 6])}, "between 1 and 6 frames"),
        ({"lengths": np.array([1, 7])}, "between 1 and 6 frames"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    post = random_posterior()
    given_: dict[str, Any] = {"log_probs": post.log_probs, "lengths": post.lengths, "ids": post.ids}
    with pytest.raises(InputError, match=message):
        FramePosterior(**(given_ | changes))


@pytest.mark.parametrize("vocabulary", [Vocabulary((48, 50, 52), -12, "C3"), Vocabulary()])
def test_survives_a_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    post = random_posterior(2, 3, 4, 50)
    post = FramePosterior(
        post.log_probs, post.lengths, ("1", "ü b", "c/d", ""), vocabulary, FrameGrid(22050, 160)
    )
    post.save(tmp_path / "x.nc")
    again = FramePosterior.load(tmp_path / "x.nc")
    np.testing.assert_array_equal(again.log_probs, post.log_probs)
    np.testing.assert_array_equal(again.lengths, post.lengths)
    assert again.ids == post.ids
    assert again.vocabulary == vocabulary
    assert again.grid == post.grid
    assert [p.name for p in tmp_path.iterdir()] == ["x.nc"]


def test_a_vocabulary_of_one_pitch_survives_a_file(tmp_path: Path) -> None:
    post = two_draws([0.9, 0.1], [0.3, 0.7])
    post.save(tmp_path / "x.nc")
    assert FramePosterior.load(tmp_path / "x.nc").vocabulary == TWO


def test_the_summary_says_what_the_posterior_says(tmp_path: Path) -> None:
    post = random_posterior(2, 3, 2, 6, seed=3)
    labels = [np.arange(n, dtype=np.int64) % 4 for n in post.lengths]
    write_netcdf(tmp_path / "predictions.nc", post.to_xarray(labels))
    with xarray.open_dataset(tmp_path / "predictions.nc", engine="h5netcdf") as data:
        data.load()
    assert data["probability"].dims == ("recording", "frame", "class")
    expected: dict[str, Any] = {
        "probability": post.mean(),
        "variance": post.variance(),
        "entropy": post.entropy(),
        "mutual_information": post.mutual_information(),
        "length": post.lengths,
        "time": post.grid.times(6),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(data[name].values, values, rtol=1e-6, err_msg=name)
    for i, array in enumerate(labels):
        assert data["label"].values[i].tolist() == [*array, *[-1] * (6 - len(array))]
    assert data["class"].values.tolist() == ["silence", "C4", "E4", "G4"]
    assert data["recording"].values.tolist() == list(post.ids)
    assert data.attrs["draws"] == 6
    # and is read back as one mean draw
    mean = FramePosterior.load(tmp_path / "predictions.nc")
    assert mean.log_probs.shape == (1, 1, 2, 6, 4)
    np.testing.assert_allclose(mean.mean(), post.mean(), rtol=1e-5)
    np.testing.assert_array_equal(mean.lengths, post.lengths)


def test_without_references_every_label_is_missing() -> None:
    assert (random_posterior().to_xarray()["label"] == -1).all()


def broken(data: xarray.Dataset, path: Path) -> Path:
    write_netcdf(path, data)
    return path


def test_what_is_no_prediction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.nc: no such predictions file"):
        FramePosterior.load(tmp_path / "x.nc")
    for content in (b"", b"no NetCDF" * 100):
        (tmp_path / "y.nc").write_bytes(content)
        with pytest.raises(InputError, match=r"y\.nc: not a NetCDF file of predictions"):
            FramePosterior.load(tmp_path / "y.nc")
    whole = random_posterior().to_xarray()
    with pytest.raises(InputError, match="holds neither log_probs nor probability"):
        FramePosterior.load(broken(whole.drop_vars("probability"), tmp_path / "a.nc"))
    del whole.attrs["pitches"]
    whole = whole.drop_vars("class")
    with pytest.raises(InputError, match="the predictions lack something: pitches"):
        FramePosterior.load(broken(whole, tmp_path / "c.nc"))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.nc"
    random_posterior(4, 8, 4, 100).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"x\.nc: not a NetCDF file"):
        FramePosterior.load(path)


def test_a_save_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(xarray.Dataset, "to_netcdf", fail)
    with pytest.raises((OSError, InputError), match="no space"):
        random_posterior().save(tmp_path / "x.nc")
    assert list(tmp_path.iterdir()) == []


def test_float64_becomes_single_precision_and_lists_become_arrays() -> None:
    lengths: Any = [1]
    logs: NDArray[np.float64] = np.log(np.full((1, 1, 1, 1, 4), 0.25))
    ids: Any = ["a"]
    post = FramePosterior(logs, lengths, ids)  # type: ignore[arg-type]
    assert post.log_probs.dtype == np.float32
    assert post.lengths.dtype == np.int64
    assert post.ids == ("a",)


def test_variance_is_split_as_by_hand() -> None:
    post = two_draws([0.9, 0.1], [0.3, 0.7])
    np.testing.assert_allclose(post.total_variance(), [[[0.24, 0.24]]], rtol=1e-5)  # 0.6 * 0.4
    np.testing.assert_allclose(post.expected_variance(), [[[0.15, 0.15]]], rtol=1e-5)
    np.testing.assert_allclose(post.variance(), [[[0.09, 0.09]]], rtol=1e-5)
    assert post.margin() == pytest.approx(0.2, rel=1e-5)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10_000))
def test_the_parts_of_variance_add_up(chains: int, draws: int, seed: int) -> None:
    post = random_posterior(chains, draws, seed=seed)
    parts = post.expected_variance() + post.variance()
    np.testing.assert_allclose(post.total_variance(), parts, atol=1e-6)
    # the variance of the indicator, drawn from the predictive, is the same number
    np.testing.assert_allclose(post.total_variance(), post.mean() - post.mean() ** 2, atol=1e-6)


def test_the_margin_is_over_the_next_class() -> None:
    post = FramePosterior.from_probs([[[0.1, 0.5, 0.05, 0.35], [0.25, 0.25, 0.25, 0.25]]])
    np.testing.assert_allclose(post.margin(), [[0.15, 0.0]], atol=1e-6)


def test_padding_is_outside() -> None:
    post = FramePosterior.from_probs([np.full((3, 4), 0.25), np.full((1, 4), 0.25)])
    assert post.inside().tolist() == [[True, True, True], [True, False, False]]


def arviz_0() -> Any:
    """ArviZ 0.x; a test that needs its InferenceData is skipped where version 1 is installed."""
    import arviz

    if int(arviz.__version__.partition(".")[0]) >= 1:
        pytest.skip("ArviZ 1 has no InferenceData")
    return arviz


def foreign_posterior(vocabulary: Vocabulary) -> FramePosterior:
    """Two chains of nine draws, everything else not as usual."""
    post = random_posterior(2, 9, 3, 20)
    grid = FrameGrid(22050, 160)
    return FramePosterior(post.log_probs, post.lengths, ("1", "ü b", "c/d"), vocabulary, grid)


def assert_same(back: FramePosterior, post: FramePosterior) -> None:
    np.testing.assert_array_equal(back.log_probs, post.log_probs)
    np.testing.assert_array_equal(back.lengths, post.lengths)
    assert (back.ids, back.vocabulary, back.grid) == (post.ids, post.vocabulary, post.grid)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # ArviZ announces its next version
@pytest.mark.parametrize("vocabulary", [Vocabulary((48, 50, 52), -12, "C3"), Vocabulary()])
def test_survives_inference_data_and_its_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    arviz = arviz_0()
    post = foreign_posterior(vocabulary)
    data = post.to_inference_data()
    assert data["posterior"]["log_probs"].dims == ("chain", "draw", "recording", "frame", "class")
    assert data["posterior"]["class"].values.tolist() == list(vocabulary.names)
    # ArviZ knows what to do with it
    assert dict(arviz.rhat(data)["log_probs"].sizes) == {"recording": 3, "frame": 20, "class": 4}
    data.to_netcdf(str(tmp_path / "x.nc"))
    for again in (data, arviz.from_netcdf(str(tmp_path / "x.nc"))):
        assert_same(FramePosterior.from_inference_data(again), post)


@pytest.mark.parametrize("vocabulary", [Vocabulary((48, 50, 52), -12, "C3"), Vocabulary()])
def test_survives_a_datatree_and_its_file_without_arviz(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "arviz", None)
    post = foreign_posterior(vocabulary)
    data = post.to_datatree()
    assert set(data.children) == {"posterior", "constant_data"}
    draws = data["posterior"]["log_probs"]
    assert draws.dims == ("chain", "draw", "recording", "frame", "class")
    assert data["posterior"]["class"].values.tolist() == list(vocabulary.names)
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    assert_same(FramePosterior.from_inference_data(data), post)
    with xarray.open_datatree(tmp_path / "x.nc", engine="h5netcdf") as again:
        assert_same(FramePosterior.from_inference_data(again), post)


def test_arviz_1_is_given_a_datatree(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = ModuleType("arviz")
    newer.__version__ = "1.3.0"  # type: ignore[attr-defined]
    newer.InferenceData = DeprecationWarning  # type: ignore[attr-defined] # it answers to the name
    monkeypatch.setitem(sys.modules, "arviz", newer)
    with pytest.raises(InputError, match=r"ArviZ 1\.3\.0 has no InferenceData; to_datatree"):
        random_posterior().to_inference_data()


def test_an_arviz_that_is_there_reads_the_datatree() -> None:
    import arviz

    if int(arviz.__version__.partition(".")[0]) < 1:
        pytest.skip("ArviZ 0.x has no DataTree")
    data = random_posterior(2, 9, 3, 20).to_datatree()
    found = arviz.rhat(data)["log_probs"]
    assert dict(found.sizes) == {"recording": 3, "frame": 20, "class": 4}


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_other_inference_data_are_refused() -> None:
    arviz = arviz_0()
    whole = random_posterior().to_inference_data()
    moved = arviz.InferenceData(
        posterior_predictive=whole["posterior"], constant_data=whole["constant_data"]
    )
    assert FramePosterior.from_inference_data(moved).ids == random_posterior().ids
    with pytest.raises(InputError, match=r"lack something: .*length"):
        FramePosterior.from_inference_data(arviz.InferenceData(posterior=whole["posterior"]))
    with pytest.raises(InputError, match="InferenceData holds no log_probs"):
        FramePosterior.from_inference_data(arviz.from_dict({"mu": np.zeros((2, 10))}))


def test_other_datatrees_are_refused() -> None:
    whole = random_posterior().to_datatree()
    groups = {name: node.to_dataset() for name, node in whole.children.items()}
    moved = {"posterior_predictive": groups["posterior"], "constant_data": groups["constant_data"]}
    back = FramePosterior.from_inference_data(xarray.DataTree.from_dict(moved))
    assert back.ids == random_posterior().ids
    alone = xarray.DataTree.from_dict({"posterior": groups["posterior"]})
    with pytest.raises(InputError, match=r"the DataTree.*lack something: .*length"):
        FramePosterior.from_inference_data(alone)
    with pytest.raises(InputError, match="DataTree holds no log_probs"):
        FramePosterior.from_inference_data(xarray.DataTree())


def test_onsets_travel_with_frames(tmp_path: Path) -> None:
    probs = [np.full((3, 2), 0.5), np.full((2, 2), 0.5)]
    onsets = [[0.1, 0.8, 0.0], [0.2, 1.0]]
    post = FramePosterior.from_probs(probs, vocabulary=Vocabulary((60,)), onsets=onsets)
    assert post.onset_log_probs is not None
    assert post.onset_log_probs.shape == (1, 1, 2, 3)
    np.testing.assert_allclose(np.exp(post.onset_log_probs[0, 0, 0]), onsets[0], atol=1e-6)
    post.save(tmp_path / "p.nc")
    for back in (
        FramePosterior.load(tmp_path / "p.nc"),
        FramePosterior.from_inference_data(post.to_inference_data()),
    ):
        assert back.onset_log_probs is not None
        np.testing.assert_array_equal(back.onset_log_probs, post.onset_log_probs)
    assert FramePosterior.from_probs(probs, vocabulary=Vocabulary((60,))).onset_log_probs is None


@pytest.mark.parametrize("onsets", [[[0.1, 0.2]], [[0.1, 0.2, 1.5]], [[0.1, 0.2, np.nan]]])
def test_onsets_that_do_not_fit_are_refused(onsets: list[list[float]]) -> None:
    with pytest.raises(InputError, match="onset"):
        FramePosterior.from_probs(
            [np.full((3, 2), 0.5)], vocabulary=Vocabulary((60,)), onsets=onsets
        )
    with pytest.raises(InputError, match="onset_log_probs"):
        FramePosterior(
            np.full((1, 1, 1, 3, 2), np.log(0.5)), [3], ("a",), Vocabulary((60,)), FrameGrid(),
            np.zeros((1, 1, 1, 2)),
        )  # fmt: skip


def test_probabilities_of_draws_are_wrapped() -> None:
    generator = np.random.default_rng(0)
    probs = [generator.dirichlet(np.ones(4), size=(3, frames)) for frames in (5, 7)]
    post = FramePosterior.from_probs(probs)
    assert post.draws == 3
    np.testing.assert_allclose(post.of(1), probs[1].mean(axis=0), rtol=1e-4)
    with pytest.raises(InputError, match="recording 1: 2 draws, but 3 in recording 0"):
        FramePosterior.from_probs([probs[0], probs[1][:2]])
    with pytest.raises(InputError, match=r"give a list, \[probs\]"):
        FramePosterior.from_probs(probs[0][0])

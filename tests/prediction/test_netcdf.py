"""Files of predictions are read by the names of their axes, whoever wrote them."""

from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest import mock

import numpy as np
import pytest
import xarray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction import netcdf_files
from bayes_a2m.prediction.netcdf_files import read_netcdf, write_netcdf
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.summary import PosteriorSummary

pytestmark = pytest.mark.long

ATTRIBUTES = {
    "pitches": [60, 64, 67],
    "sounding_offset": 0,
    "middle_c": "C4",
    "sample_rate": 16000,
    "hop": 96,
}
LENGTHS = {"002": 5, "001": 3}


def probabilities(frames: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).dirichlet(np.ones(4), frames)


TRUTH = {name: probabilities(n, n) for name, n in LENGTHS.items()}


def long_table(**columns: Any) -> xarray.Dataset:
    """The truth as pandas makes a dataset of a long table: axes sorted, gaps NaN."""
    pandas = pytest.importorskip("pandas")
    names = ("silence", "C4", "E4", "G4")
    rows = [
        (recording, frame, name, probs[frame, k])
        for recording, probs in TRUTH.items()
        for frame in range(len(probs))
        for k, name in enumerate(names)
    ]
    index = ["recording", "frame", "class"]
    table = pandas.DataFrame(rows, columns=[*index, "probability"]).set_index(index)
    data: xarray.Dataset = table.to_xarray().assign_attrs(ATTRIBUTES)
    return data.assign(columns)


Predicted = TypeVar("Predicted", FramePosterior, PosteriorSummary)


def loaded(data: xarray.Dataset, path: Path, kind: type[Predicted] = FramePosterior) -> Predicted:
    """Somebody else's file, read by the program of the process that reads such files, but here.

    The process itself, which imports xarray for a second, is for
    :func:`test_a_long_table_is_read_by_name` and :func:`test_classic_netcdf_will_do`.
    """
    data.to_netcdf(path, engine="h5netcdf")
    with mock.patch.object(netcdf_files, "_read_apart", read_here):
        return kind.load(path)


def read_here(path: Path, size: int) -> bytes:
    """What the process would write to its standard output."""
    written = io.BytesIO()
    with (
        mock.patch.object(sys, "argv", ["", str(path), str(2**20 + 2000 * size)]),
        mock.patch.object(sys, "stdout", SimpleNamespace(buffer=written)),
    ):
        exec(netcdf_files._READER, {})
    return written.getvalue()


def assert_truth(posterior: FramePosterior) -> None:
    assert posterior.vocabulary.pitches == (60, 64, 67)
    assert set(posterior.ids) == set(LENGTHS)
    for i, name in enumerate(posterior.ids):
        np.testing.assert_allclose(posterior.of(i), TRUTH[name], atol=1e-6)


def test_a_long_table_is_read_by_name(tmp_path: Path) -> None:
    data = long_table()
    assert data["class"].values.tolist() == ["C4", "E4", "G4", "silence"]
    assert_truth(loaded(data, tmp_path / "x.nc"))
    assert_truth(FramePosterior.load(tmp_path / "x.nc"))  # by the process
    lengths = ("recording", [3.0, 5.0])
    assert_truth(loaded(long_table(length=lengths), tmp_path / "y.nc"))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=6
)
@given(st.permutations(["recording", "frame", "class"]), st.randoms(use_true_random=False))
def test_axes_and_what_lies_on_them_may_be_in_any_order(
    tmp_path: Path, axes: list[str], random: Any
) -> None:
    data = long_table().transpose(*axes)
    for axis in axes:
        order = list(range(data.sizes[axis]))
        random.shuffle(order)
        data = data.isel({axis: order})
    assert_truth(loaded(data, tmp_path / "x.nc"))


@pytest.mark.parametrize(
    "names",
    [
        ["C4", "E4", "G4", "silence"],
        ["c4", "Fb4", "G4", "Rest"],
        ["60", "64", "67", "silence"],
        [60, 64, 67, 0],
        [60.0, 64.0, 67.0, -1.0],
        [b"C4", b"E4", b"G4", b"silence"],
        ["C3", "E3", "G3", "silence"],  # a DAW's octaves: no other reading fits
        ["1", "2", "3", "0"],
        [1, 2, 3, 0],
    ],
)
def test_classes_have_many_names(tmp_path: Path, names: list[Any]) -> None:
    assert_truth(loaded(long_table().assign_coords({"class": names}), tmp_path / "x.nc"))


def test_flats_and_sharps_are_one_key(tmp_path: Path) -> None:
    for name in ("E♭4", "D#4", "D♯4", "eb4"):
        data = long_table().assign_coords({"class": ["C4", name, "G4", "silence"]})
        data.attrs["pitches"] = [60, 63, 67]
        assert loaded(data, tmp_path / "x.nc").vocabulary.pitches == (60, 63, 67)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["C4", "D4", "G4", "silence"], r"unknown class 'D4'; known are silence, C4, E4, G4"),
        (["a", "b", "c", "d"], r"unknown classes 'a', 'b', 'c', 'd'"),
        (["C4", "E4", "C4", "silence"], r"class C4 is there twice"),
        (["C4", "E4", "60", "silence"], r"class C4 is there twice"),
        ([60, 64, 67, 68], r"unknown class '68'"),
        (["C4", "E4", "G4", "H4"], r"unknown class 'H4'"),
    ],
)
def test_classes_that_cannot_be_told_are_refused(
    tmp_path: Path, names: list[Any], message: str
) -> None:
    data = long_table().assign_coords({"class": names})
    with pytest.raises(InputError, match=rf"x\.nc: {message}"):
        loaded(data, tmp_path / "x.nc")
    with pytest.raises(InputError, match=message):
        loaded(data, tmp_path / "x.nc", PosteriorSummary)


def test_pitches_may_be_told_by_the_classes_alone(tmp_path: Path) -> None:
    data = long_table()
    for name in ("pitches", "sounding_offset", "middle_c"):
        del data.attrs[name]
    assert_truth(loaded(data, tmp_path / "x.nc"))
    with pytest.raises(InputError, match="lack something: pitches"):
        loaded(data.assign_coords({"class": [0, 1, 2, 3]}), tmp_path / "y.nc")


@pytest.mark.parametrize("name", ["sample_rate", "hop"])
def test_a_grid_is_not_guessed(tmp_path: Path, name: str) -> None:
    data = long_table()
    del data.attrs[name]
    with pytest.raises(InputError, match=rf"x\.nc: the predictions lack something: {name}"):
        loaded(data, tmp_path / "x.nc")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"frame": "time"}, r"probability has the axes recording, time, class where they must be"),
        ({"recording": "file", "class": "pitch"}, r"the axes file, frame, pitch where"),
    ],
)
def test_axes_of_other_names_are_refused(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        loaded(long_table().rename(changed), tmp_path / "x.nc")
    with pytest.raises(InputError, match=r"the axes recording, frame, class, fold where"):
        loaded(long_table().expand_dims(fold=2, axis=3), tmp_path / "y.nc")


def test_frames_must_be_numbered_from_zero(tmp_path: Path) -> None:
    data = long_table().assign_coords(frame=np.arange(1, 6))
    with pytest.raises(InputError, match=r"numbered from 0 to 4, each once; they are 1 to 5"):
        loaded(data, tmp_path / "x.nc")


def test_recordings_must_have_names_each_its_own(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lack something: the names of the recordings"):
        loaded(long_table().drop_vars("recording"), tmp_path / "x.nc")
    with pytest.raises(InputError, match="recording a is there twice"):
        loaded(long_table().assign_coords(recording=["a", "a"]), tmp_path / "y.nc")


def test_lengths_are_checked(tmp_path: Path) -> None:
    for lengths, message in (
        ([3, 6], "recording 002 is said to have 6 frames"),
        ([0, 5], "recording 001 is said to have 0 frames"),
        ([3, 4.5], "one whole number a recording"),
        ([4, 5], "probabilities of recording 001 must be finite.*in frame 3 they sum to nan"),
    ):
        with pytest.raises(InputError, match=message):
            loaded(long_table(length=("recording", lengths)), tmp_path / "x.nc")
    full = long_table().isel(frame=slice(0, 3))
    assert loaded(full, tmp_path / "y.nc").lengths.tolist() == [3, 3]
    nothing = long_table()
    nothing["probability"][1] = np.nan
    with pytest.raises(InputError, match="recording 002 has no frame"):
        loaded(nothing, tmp_path / "z.nc")


@pytest.mark.parametrize(
    "change", [lambda p: 100 * p, lambda p: 0.9 * p, lambda p: p - 0.3, lambda p: np.log(p)]
)
def test_what_are_no_probabilities_is_refused(tmp_path: Path, change: Any) -> None:
    data = long_table()
    data["probability"].values[1] = change(data["probability"].values[1])
    with pytest.raises(InputError, match=r"recording 002 must be .* in frame 0 they sum to"):
        loaded(data, tmp_path / "x.nc")


@pytest.mark.parametrize("place", [0, 1])
def test_a_hole_is_no_padding(tmp_path: Path, place: int) -> None:
    data = long_table()
    data["probability"].values[1, place, place:] = np.nan
    with pytest.raises(InputError, match=rf"recording 002 must be finite.* in frame {place} they"):
        loaded(data, tmp_path / "x.nc")


def test_draws_too_are_read_by_name(tmp_path: Path) -> None:
    log_probs = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (2, 3, 2, 7)))
    post = FramePosterior(log_probs, np.array([7, 5]), ("a", "b"))
    post.save(tmp_path / "x.nc")
    data = read_netcdf(tmp_path / "x.nc").isel({"class": [2, 0, 3, 1]})
    for axes in itertools.islice(itertools.permutations(data["log_probs"].dims), 0, None, 17):
        write_netcdf(tmp_path / "y.nc", data.transpose(*axes))
        back = FramePosterior.load(tmp_path / "y.nc")
        np.testing.assert_array_equal(back.log_probs, post.log_probs)
    # one chain, and no axis for it
    write_netcdf(tmp_path / "z.nc", data.isel(chain=1, drop=True))
    np.testing.assert_array_equal(
        FramePosterior.load(tmp_path / "z.nc").log_probs[0], post.log_probs[1]
    )
    bad = data.copy(deep=True)
    bad["log_probs"].values[1, 2, 1, 4] = 0.0
    write_netcdf(tmp_path / "bad.nc", bad)
    with pytest.raises(InputError, match=r"recording b must be .* in frame 4 they sum to 4"):
        FramePosterior.load(tmp_path / "bad.nc")


def test_a_summary_keeps_its_parts_together(tmp_path: Path) -> None:
    log_probs = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (1, 5, 2, 7)))
    whole = PosteriorSummary.of_posterior(FramePosterior(log_probs, np.array([7, 7]), ("a", "b")))
    labels = [np.arange(7) % 4, np.zeros(7, dtype=np.int64)]
    whole.save(tmp_path / "x.nc", labels)
    data = read_netcdf(tmp_path / "x.nc").isel({"class": [1, 2, 3, 0]}).transpose("class", ...)
    write_netcdf(tmp_path / "y.nc", data)
    back = PosteriorSummary.load(tmp_path / "y.nc")
    np.testing.assert_allclose(back.mean(), whole.mean(), atol=1e-6)
    np.testing.assert_allclose(back.variance(), whole.variance(), atol=1e-6)
    np.testing.assert_allclose(back.mutual_information(), whole.mutual_information(), atol=1e-5)


def test_classic_netcdf_will_do(tmp_path: Path) -> None:
    long_table().to_netcdf(tmp_path / "x.nc", engine="scipy")
    assert_truth(FramePosterior.load(tmp_path / "x.nc"))


def test_a_vocabulary_of_a_daw_is_read_with_its_octaves(tmp_path: Path) -> None:
    data = long_table().assign_coords({"class": ["C3", "E3", "G3", "silence"]})
    data.attrs["middle_c"] = "C3"
    assert loaded(data, tmp_path / "x.nc").vocabulary == Vocabulary((60, 64, 67), middle_c="C3")

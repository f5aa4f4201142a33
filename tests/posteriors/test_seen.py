"""What a model has seen is known by its sound, whatever folder it lay in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.seen import Seen


def louder(data: Dataset) -> Dataset:
    """The same ids with other sound, as another folder has them."""
    return replace(
        data,
        recordings=tuple(
            replace(r, path=None, samples=r.audio(16000) * np.float32(0.5), sample_rate=16000)
            for r in data
        ),
    )


def test_another_folder_with_the_same_ids_takes_nothing_away(tiny_data: Dataset) -> None:
    first, second = tiny_data, louder(tiny_data)
    own = Seen.of(*second.split("train").with_tuning_part(0.2))
    both = own.and_also(Seen.of(*first.split("train").with_tuning_part(0.2)))
    for data in (first, second):
        assert both.unseen(data).ids == data.split("validation").ids
    with pytest.raises(InputError, match="every recording"):
        both.unseen(second.split("train"))


def test_fitted_on_counts_for_more_than_tuned_on() -> None:
    both = Seen({"1": "a"}, {"2": "b"}).and_also(Seen({"2": "b"}, {"1": "a", "3": "c"}))
    assert (both.fit, both.tune) == ({"1": "a", "2": "b"}, {"3": "c"})


def recoded(
    data: Dataset, folder: Path, ending: str, gain: float = 1, rate: int = 16000
) -> Dataset:
    """The same recordings in other files."""
    folder.mkdir()
    moved = []
    for recording in data:
        path = folder / f"voice_{recording.id}{ending}"
        samples = gain * soxr.resample(recording.audio(16000), 16000, rate)
        soundfile.write(path, samples, rate)
        moved.append(replace(recording, path=path))
    return replace(data, recordings=tuple(moved))


@pytest.fixture(scope="module")
def seen(tiny_data: Dataset) -> Seen:
    return Seen.of(*tiny_data.split("train").with_tuning_part(0.2))


def test_a_lossless_copy_is_the_same_recording(
    seen: Seen, tiny_data: Dataset, tmp_path: Path
) -> None:
    copy = recoded(tiny_data, tmp_path / "flac", ".flac")
    assert not {r.hash for r in copy} & {r.hash for r in tiny_data}
    assert seen.unseen(copy).ids == tiny_data.split("validation").ids
    assert seen.cautions(copy.split("validation")) == []
    assert seen.cautions(copy.split("train")) == seen.cautions(tiny_data.split("train"))


@pytest.mark.parametrize(
    ("ending", "gain", "rate"),
    [(".wav", 0.3, 16000), (".wav", 1, 44100), (".wav", 1, 8000), (".mp3", 0.8, 44100)],
)
def test_near_copies_are_told_as_probable(
    seen: Seen, tiny_data: Dataset, tmp_path: Path, ending: str, gain: float, rate: int
) -> None:
    copy = recoded(tiny_data, tmp_path / "copy", ending, gain, rate)
    assert len(seen.unseen(copy)) == len(copy)
    for recording in copy:
        of = seen.probable_copy_of(recording)
        assert of == (None if recording.split == "validation" else recording.id)
    told = seen.cautions(copy)
    assert len(told) == 1
    assert told[0].startswith(f"{len(copy.split('train'))} of these {len(copy)} recordings are pro")
    assert "001 of 001" in told[0]


def test_the_training_split_is_said_to_be_that(seen: Seen, tiny_data: Dataset) -> None:
    (told,) = seen.cautions(tiny_data.split("train"))
    fit, tune = len(seen.fit), len(seen.tune)
    assert told.startswith(
        f"the model was fitted on {fit} and tuned on {tune} of these {fit + tune}"
    )
    assert seen.cautions(tiny_data.split("validation")) == []


def test_silence_is_no_copy_of_silence(tiny_data: Dataset) -> None:
    quiet = np.zeros(16000, np.float32)
    noise = np.random.default_rng(0).standard_normal((2, 16000)).astype(np.float32) * 1e-3
    first, second, other = (
        Recording(name, samples=samples, sample_rate=16000, notes=())
        for name, samples in (("a", quiet), ("b", noise[0]), ("c", noise[1]))
    )
    known = Seen.of(
        replace(tiny_data, recordings=(first, second)), replace(tiny_data, recordings=())
    )
    assert known.knows(first)
    assert known.probable_copy_of(replace(first, samples=quiet + np.float32(1e-4))) is None
    assert known.probable_copy_of(other) is None


def test_models_of_the_first_version_know_their_files(seen: Seen, tiny_data: Dataset) -> None:
    values = seen.to_dict()
    assert Seen.from_dict(values) == seen
    del values["sounds"]
    old = Seen.from_dict(values)
    assert old.unseen(tiny_data).ids == tiny_data.split("validation").ids
    assert old.probable_copy_of(tiny_data[0]) is None
    both = old.and_also(seen)
    assert both.sounds == seen.sounds


def test_what_was_left_out_on_purpose_is_not_measured_on(tiny_data: Dataset) -> None:
    """Labels that an audit found wrong come back as a measure of the model otherwise."""
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    wrong, rest = list(fit)[:2], fit.where(lambda r: r.id not in fit.ids[:2])
    seen = Seen.of(rest, tune).leaving_out(wrong)
    assert seen.unseen(tiny_data).ids == tiny_data.split("validation").ids
    assert Seen.of(rest, tune).unseen(tiny_data).ids != seen.unseen(tiny_data).ids
    again = Seen.from_dict(seen.to_dict())
    assert again == seen
    assert not again.knows(wrong[0])
    assert "excluded" not in Seen.of(fit, tune).to_dict()

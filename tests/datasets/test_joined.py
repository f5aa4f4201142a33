"""Recordings put end to end: the same sound and notes, later; every recording once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.joined import write_joined
from bayes_a2m.errors import InputError


@pytest.fixture(scope="module")
def joined(tiny_data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("joined") / "data"
    write_joined(tiny_data, out, 2.4)
    return load_folder(out)


def test_every_second_is_there_once(tiny_data: Dataset, joined: Dataset) -> None:
    assert sum(r.duration for r in joined) == pytest.approx(sum(r.duration for r in tiny_data))
    # 1.2 s each: two reach 2.4 s, and what is left over of seven is added to the last
    for split in ("train", "validation"):
        for condition in ("studio", "noisy"):
            ours = [r for r in joined.split(split) if r.condition == condition]
            theirs = [r for r in tiny_data.split(split) if r.condition == condition]
            assert sum(r.duration for r in ours) == pytest.approx(1.2 * len(theirs))
            assert all(r.duration >= 2.4 - 1e-6 for r in ours)
            assert len(ours) == max(1, len(theirs) // 2)


def test_sound_and_notes_follow_each_other(tiny_data: Dataset, joined: Dataset) -> None:
    studio = [r for r in tiny_data.split("train") if r.condition == "studio"]
    first = next(r for r in joined.split("train") if r.condition == "studio")
    np.testing.assert_array_equal(
        first.audio(16000), np.concatenate([r.audio(16000) for r in studio[:2]])
    )
    wanted = [(n.onset, n.offset, n.pitch) for n in studio[0].notes or ()]
    wanted += [(n.onset + 1.2, n.offset + 1.2, n.pitch) for n in studio[1].notes or ()]
    found = [(n.onset, n.offset, n.pitch) for n in first.notes or ()]
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_the_vocabulary_is_kept_and_a_folder_is_not_written_over(
    tiny_data: Dataset, joined: Dataset, tmp_path: Path
) -> None:
    assert joined.vocabulary == tiny_data.vocabulary
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        write_joined(tiny_data, tmp_path, 2.4)
    assert (tmp_path / "precious").read_text() == "mine"

"""Recordings put end to end: the same sound and notes, later; every recording once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.joined import _chains, _takes, write_joined
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary


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


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 9])
def test_every_recording_is_in_one_chain(count: int) -> None:
    """What is left over goes to the last chain, and nothing to none or to two."""
    recordings = [
        Recording(f"{i:03d}", samples=np.zeros(16000, dtype=np.float32), sample_rate=16000)
        for i in range(count)
    ]
    chains = _chains(Dataset(tuple(recordings), Vocabulary((60,)), "nine"), 4.0)
    assert [r.id for chain in chains for r in chain] == [r.id for r in recordings]
    assert len(chains) == max(1, count // 4)


def test_chains_that_share_a_take_are_of_one_take() -> None:
    def of(*takes: str) -> list[Recording]:
        silence = np.zeros(16000, dtype=np.float32)
        return [Recording(t, samples=silence, sample_rate=16000, take=t) for t in takes]

    chains = [of("a", "b"), of("c"), of("b", "d"), of("d"), of(""), of("e", "")]
    assert _takes(chains) == ["a", "c", "a", "a", "", "e"]


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

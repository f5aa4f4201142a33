"""Labels are made wrong in the way that was asked for, and in no other."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.datasets.corruption import WAYS, corrupted
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note


def data(recordings: int = 20) -> Dataset:
    generator = np.random.default_rng(0)
    made = []
    for i in range(recordings):
        now, notes = 0.1, []
        while now < 3.3:
            end = now + float(generator.uniform(0.2, 0.5))
            notes.append(Note(now, end, int(generator.choice([60, 64, 67]))))
            now = end + float(generator.uniform(0.1, 0.5))
        silence = np.zeros(64_000, np.float32)
        made.append(Recording(str(i), samples=silence, sample_rate=16_000, notes=tuple(notes)))
    return Dataset(tuple(made))


@pytest.mark.parametrize("way", list(WAYS))
def test_each_way_changes_what_it_says(way: str) -> None:
    before = data()
    after, done = corrupted(before, np.random.default_rng(1), share=0.25, ways=(way,))
    assert len(done) == 5
    assert set(done.values()) == {way}
    for old, new in zip(before, after, strict=True):
        if new.id not in done:
            assert new == old
            continue
        a, b = old.notes or (), new.notes or ()
        if way == "missing":
            assert len(b) == len(a) - 1
            assert set(b) < set(a)
        elif way == "extra":
            (added,) = set(b) - set(a)
            start, end = FrameGrid().span(added.onset, added.offset)
            assert not old.labels(FrameGrid(), before.vocabulary)[start:end].any()
        elif way == "wrong_pitch":
            pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
            assert len(pairs) == 1
            assert pairs[0][0].onset == pairs[0][1].onset
        elif way == "lag":
            assert 0.1 <= abs(b[-1].onset - a[-1].onset) <= 0.2
        else:
            grid, vocabulary = FrameGrid(), before.vocabulary
            assert (old.labels(grid, vocabulary) == new.labels(grid, vocabulary)).mean() < 0.6


def test_ways_share_the_recordings_and_the_seed_decides() -> None:
    after, done = corrupted(data(50), np.random.default_rng(2), share=0.2)
    assert sorted(done.values()) == sorted([*WAYS, *WAYS])
    again, same = corrupted(data(50), np.random.default_rng(2), share=0.2)
    assert (after.ids, done) == (again.ids, same)
    assert [r.notes for r in after] == [r.notes for r in again]


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(InputError, match=r"'mising'.*missing"):
        corrupted(data(), np.random.default_rng(0), ways=("mising",))
    bare = data(3)
    silent = Dataset(
        tuple(Recording(r.id, samples=r.samples, sample_rate=16_000, notes=()) for r in bare)
    )
    with pytest.raises(InputError, match="no recording is left"):
        corrupted(silent, np.random.default_rng(0), share=0.5, ways=("missing",))

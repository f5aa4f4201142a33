"""Drawn splits: whole takes, every condition, from the seed alone."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, Recording, splits
from bayes_a2m.errors import InputError

NOTHING = np.zeros(16, dtype=np.float32)


def recording(id_: str, condition: str = "", take: str = "") -> Recording:
    return Recording(id_, samples=NOTHING, sample_rate=16000, condition=condition, take=take)


@pytest.fixture
def many() -> list[Recording]:
    """120 recordings: three conditions, takes of four in one of them."""
    return [
        recording(f"{i:03}", ("studio", "noisy", "laptop")[i % 3], f"t{i // 12}" * (i % 3 == 1))
        for i in range(120)
    ]


def test_shares_hold_in_every_condition(many: list[Recording]) -> None:
    drawn = splits.draw(many)
    for condition in ("studio", "noisy", "laptop"):
        counts = Counter(drawn[r.id] for r in many if r.condition == condition)
        assert counts["train"] == pytest.approx(28, abs=4)
        assert counts["validation"] == pytest.approx(6, abs=4)
        assert counts["test"] == pytest.approx(6, abs=4)
        assert sum(counts.values()) == 40


def test_a_take_stays_together(many: list[Recording]) -> None:
    for seed in range(5):
        drawn = splits.draw(many, seed=seed)
        for take in {r.take for r in many if r.take}:
            assert len({drawn[r.id] for r in many if r.take == take}) == 1


def test_the_order_of_recordings_does_not_matter(many: list[Recording]) -> None:
    shuffled = [many[i] for i in np.random.default_rng(1).permutation(len(many))]
    assert splits.draw(shuffled) == splits.draw(many)
    assert splits.tuning_part(shuffled) == splits.tuning_part(many)


def test_the_seed_decides(many: list[Recording]) -> None:
    assert splits.draw(many, seed=3) == splits.draw(many, seed=3)
    assert splits.draw(many, seed=3) != splits.draw(many, seed=4)
    assert splits.tuning_part(many, seed=3) != splits.tuning_part(many, seed=4)


def test_one_condition_does_not_change_the_draw_of_another(many: list[Recording]) -> None:
    studio = [r for r in many if r.condition == "studio"]
    everything, alone = splits.draw(many), splits.draw(studio)
    assert {r.id: everything[r.id] for r in studio} == alone


def test_tuning_part_is_at_most_its_share_of_every_condition(many: list[Recording]) -> None:
    chosen = splits.tuning_part(many, 0.15)
    for condition in ("studio", "noisy", "laptop"):
        members = [r for r in many if r.condition == condition]
        assert 0 < sum(r.id in chosen for r in members) <= 6
    for take in {r.take for r in many if r.take}:
        assert len({r.id in chosen for r in many if r.take == take}) == 1


def test_with_tuning_part_parts_the_set(many: list[Recording]) -> None:
    data = Dataset(tuple(many))
    fit, tune = data.with_tuning_part(seed=2)
    assert set(fit.ids) | set(tune.ids) == set(data.ids)
    assert set(fit.ids).isdisjoint(tune.ids)


def test_tiny_sets_still_have_a_tuning_part() -> None:
    assert len(splits.tuning_part([recording("1"), recording("2")])) == 1
    with pytest.raises(InputError, match="add recordings"):
        splits.tuning_part([recording("1", take="a"), recording("2", take="a")])


def test_fewer_recordings_are_among_more_and_of_every_condition(many: list[Recording]) -> None:
    parts = [splits.subsample(many, count, seed=2) for count in (6, 30, 60, 120)]
    assert [len(part) for part in parts] == [6, 30, 60, 120]
    for fewer, more in pairwise(parts):
        assert fewer < more
    condition = {r.id: r.condition for r in many}
    for part in parts:
        assert set(Counter(condition[one] for one in part).values()) == {len(part) // 3}
    assert splits.subsample(many, 6, seed=2) == parts[0] != splits.subsample(many, 6, seed=3)
    with pytest.raises(InputError, match="121 recordings are asked for, and there are 120"):
        splits.subsample(many, 121)

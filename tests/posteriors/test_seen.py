"""What a model has seen is known by its sound, whatever folder it lay in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset
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

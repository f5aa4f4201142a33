"""Splits drawn by take, stratified by condition, from a seed alone.

Recordings cut from one take share a voice, a room and a moment; a split that divides them
flatters whatever is trained. So a take moves as a whole; a recording without a take is a
take of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m import renamed
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError

SHARES: Mapping[str, float] = {"train": 0.70, "validation": 0.15, "test": 0.15}
"""Splits drawn for a folder whose metadata names none."""


def draw(
    recordings: Iterable[Recording], shares: Mapping[str, float] = SHARES, seed: int = 0
) -> dict[str, str]:
    """Draw a split for every recording: id -> name of the split.

    Within each condition, takes are shuffled and given one by one to the split that is
    furthest below its share. The draw depends on ids, takes, conditions and the seed, not
    on the order of the recordings.
    """
    assigned: dict[str, str] = {}
    for condition, takes in sorted(_takes(recordings).items()):
        total = sum(len(ids) for ids in takes)
        missing = {name: share * total for name, share in shares.items()}
        for ids in _shuffled(takes, condition, seed):
            name = max(missing, key=lambda n: missing[n])
            missing[name] -= len(ids)
            assigned.update(dict.fromkeys(ids, name))
    return assigned


def tuning_part(recordings: Iterable[Recording], share: float = 0.15, seed: int = 0) -> set[str]:
    """Draw the ids of a tuning split: ``share`` of every condition, whole takes.

    A take larger than what is still to be filled stays out, so the part is at most its
    share, and at least one take where there are two.

    Raises
    ------
    InputError
        If there are fewer than two takes.
    """
    everything = list(recordings)
    by_condition = _takes(everything)
    if sum(len(takes) for takes in by_condition.values()) < 2:
        raise InputError(
            f"{len(everything)} recording(s) of one take cannot be parted into fitting and "
            "tuning: add recordings"
        )
    chosen: set[str] = set()
    for condition, takes in sorted(by_condition.items()):
        room = round(share * sum(len(ids) for ids in takes))
        for ids in _shuffled(takes, condition, seed):
            if len(ids) <= room:
                chosen.update(ids)
                room -= len(ids)
    if not chosen:  # tiny sets: one small take rather than none
        smallest = min((ids for takes in by_condition.values() for ids in takes), key=len)
        chosen.update(smallest)
    return chosen


def subsample(recordings: Iterable[Recording], count: int, seed: int = 0) -> set[str]:
    """Draw the ids of ``count`` recordings, of every condition alike; fewer are among more.

    Takes are not kept together: all of them are on the same side of a split.

    Raises
    ------
    InputError
        If there are not so many.
    """
    by_condition: dict[str, list[str]] = defaultdict(list)
    for recording in sorted(recordings, key=lambda r: r.id):
        by_condition[recording.condition].append(recording.id)
    total = sum(len(ids) for ids in by_condition.values())
    if count > total:
        raise InputError(f"{count} recordings are asked for, and there are {total}")
    queues = [
        [name for [name] in _shuffled([[i] for i in ids], condition, seed)]
        for condition, ids in sorted(by_condition.items())
    ]
    # the rank of each within its condition, as a share: the mixture stays that of the whole
    order = sorted(
        ((rank + 0.5) / len(queue), number, name)
        for number, queue in enumerate(queues)
        for rank, name in enumerate(queue)
    )
    return {name for _, _, name in order[:count]}


def folds(recordings: Iterable[Recording], count: int = 5, seed: int = 0) -> dict[str, int]:
    """Divide recordings into ``count`` folds, to predict each by a model that never heard it.

    Within each condition, takes are shuffled and given, the largest first, to the fold that has
    the fewest recordings of the condition, and of those to the one that has the fewest in all.

    Returns
    -------
    dict
        Id to the number of its fold, from 0.

    Raises
    ------
    InputError
        If there are fewer takes than folds, or fewer than two folds.
    """
    by_condition = _takes(recordings)
    takes = sum(len(groups) for groups in by_condition.values())
    if count < 2 or takes < count:
        raise InputError(
            f"{takes} take(s) cannot be parted into {count} folds: ask for 2 to {takes} folds, or "
            "add recordings"
        )
    assigned: dict[str, int] = {}
    sizes = [0] * count
    for condition, groups in sorted(by_condition.items()):
        here = [0] * count
        for ids in sorted(_shuffled(groups, condition, seed), key=len, reverse=True):
            fold = min(range(count), key=lambda k: (here[k], sizes[k]))
            here[fold] += len(ids)
            sizes[fold] += len(ids)
            assigned.update(dict.fromkeys(ids, fold))
    return assigned


def _takes(recordings: Iterable[Recording]) -> dict[str, list[list[str]]]:
    """Condition -> takes, each a list of ids; everything in the order of names.

    A take recorded in several conditions at once counts for that of its first recording.
    """
    takes: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for r in sorted(recordings, key=lambda r: r.id):
        takes["take" if r.take else "id", r.take or r.id].append(r)
    groups: dict[str, list[list[str]]] = defaultdict(list)
    for members in takes.values():
        groups[members[0].condition].append([r.id for r in members])
    return groups


def _shuffled(takes: list[list[str]], condition: str, seed: int) -> list[list[str]]:
    generator = np.random.default_rng([seed, *condition.encode()])
    return [takes[i] for i in generator.permutation(len(takes))]


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)

"""Recordings that are there twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bayes_a2m.datasets.verify.files import Files
from bayes_a2m.datasets.verify.problem import Problem
from bayes_a2m.datasets.verify.sound import Sound


def copies(
    files: Files, sounds: Mapping[str, Sound], table: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    """Recordings that hold the same samples as an earlier one (all zeros apart)."""

    def split_of(id_: str) -> str:
        return table.get(id_, {}).get("split", "")

    first: dict[str, str] = {}
    for id_, sound in sounds.items():
        original = first.setdefault(sound.digest, id_)
        if original == id_ or sound.peak == 0:
            continue
        name = files.sounds[original].name
        if split_of(id_) != split_of(original):
            where = f"{split_of(id_) or 'no split'} here, {split_of(original) or 'none'} there"
            text = f"the same sound as {name}, in another split ({where}): scores will flatter"
        else:
            text = f"the same sound as {name}: remove one, or give both the same take"
        yield Problem("warning", files.sounds[id_].name, "copy", text)

"""The recordings that a model has seen are known by their sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError


@dataclass(frozen=True)
class Seen:
    """The recordings that a model was fitted and tuned on.

    Attributes
    ----------
    fit, tune
        The SHA-256 of every recording's sound, by the recording's id.
    takes
        The takes that these recordings were cut from.
    """

    fit: dict[str, str] = field(default_factory=dict)
    tune: dict[str, str] = field(default_factory=dict)
    takes: tuple[str, ...] = ()

    @classmethod
    def of(cls, fit: Dataset, tune: Dataset) -> Seen:
        """Collect the recordings of the two parts of the training split."""
        takes = sorted({r.take for r in (*fit, *tune) if r.take})
        return cls({r.id: r.hash for r in fit}, {r.id: r.hash for r in tune}, tuple(takes))

    def and_also(self, other: Seen) -> Seen:
        """Join what either saw; what was fitted on counts for more than what was tuned on.

        Recordings are known by their sound: those of another folder may have the same ids.
        """
        fit = _together(self.fit, other.fit)
        fitted_hashes = set(fit.values())
        tune = {k: v for k, v in _together(self.tune, other.tune).items() if v not in fitted_hashes}
        return Seen(fit, tune, tuple(sorted({*self.takes, *other.takes})))

    def unseen(self, data: Dataset) -> Dataset:
        """The recordings whose sound was neither fitted nor tuned on.

        Raises
        ------
        InputError
            If none is left.
        """
        seen_hashes = {*self.fit.values(), *self.tune.values()}
        unseen_recordings = data.where(lambda r: r.hash not in seen_hashes)
        if not len(unseen_recordings):
            raise InputError(
                f"{data.name}: the model was fitted or tuned on every recording; give --split "
                "to see how it does on them all the same, or other data"
            )
        return unseen_recordings

    def to_dict(self) -> dict[str, Any]:
        """The content of ``seen.json``."""
        return {"fit": self.fit, "tune": self.tune, "takes": list(self.takes)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Seen:
        """Read the content of ``seen.json``.

        Raises
        ------
        KeyError
            If a key is missing.
        """
        return cls(dict(values["fit"]), dict(values["tune"]), tuple(values["takes"]))


def _together(first: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Hashes of both by id; another sound under a taken id gets the start of its hash beside it.

    >>> _together({"001": "aaa"}, {"001": "bbb", "002": "aaa", "003": "ccc"})
    {'001': 'aaa', '001@bbb': 'bbb', '003': 'ccc'}
    """
    result = dict(first)
    for name, digest in other.items():
        if digest not in result.values():
            result[f"{name}@{digest[:8]}" if name in result else name] = digest
    return result

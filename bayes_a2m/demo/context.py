"""What every step of the demo is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets import Dataset, Recording, load_folder

if TYPE_CHECKING:
    from bayes_a2m.audio.features import FeatureExtractor
    from bayes_a2m.posteriors.posterior import Posterior

Update = Callable[[int, int], None]
"""Told the number done, and of all."""


class DemoSettings(Settings):
    """How large the demo is. The defaults take two to three minutes on two cores."""

    recordings: int = Field(60, ge=9, description="fewer leave no condition to report on")
    seconds: float = Field(4.0, ge=1, description="of each recording")
    seed: int = Field(0, ge=0)
    experiment: str = "demo"
    overrides: tuple[str, ...] = Field((), description="of the experiment, as --set takes them")
    degraded: int = Field(6, ge=1, description="held-out recordings to degrade")
    degradations: tuple[str, ...] = ("noisy", "laptop")
    severities: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    methods: tuple[str, ...] = Field(
        ("mc_dropout", "ensemble", "variational", "laplace", "sgmcmc", "hmc"),
        description="ways of being uncertain to compare with the network alone",
    )
    resamples: int = Field(1000, ge=1, description="of the recordings, for every interval")


@contextmanager
def _no_bar(what: str) -> Iterator[Update]:
    """A bar that is not shown."""
    yield lambda done, total: None


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes; nobody, by default.

    Attributes
    ----------
    begin
        Called as ``begin(number, steps, title)`` before each step.
    end
        Called as ``end(words, seconds)`` after it.
    bar
        Makes the bar of a long step from its name.
    training
        Whether the training shows its own.
    """

    begin: Callable[[int, int, str], None] = lambda number, steps, title: None
    end: Callable[[str, float], None] = lambda words, seconds: None
    bar: Callable[[str], AbstractContextManager[Update]] = _no_bar
    training: bool = False


@dataclass(frozen=True)
class Stage:
    """What steps share. They hand on to each other through the files they write.

    Attributes
    ----------
    folder
        Where everything is written while the demo runs.
    out
        Where it will be: for words only.
    settings, watch
        How large, and who is told.
    """

    folder: Path
    out: Path
    settings: DemoSettings
    watch: Watch = field(default_factory=Watch)

    @cached_property
    def data(self) -> Dataset:
        """The recordings, once they are sung."""
        return load_folder(self.folder / "data", seed=self.settings.seed)

    @cached_property
    def model(self) -> Posterior:
        """The model, once it is trained: what was written, read again."""
        from bayes_a2m.models import load_model

        return load_model(self.folder / "model")

    @cached_property
    def held_out(self) -> Dataset:
        """The recordings that the model was neither fitted nor tuned on."""
        return self.model.seen.unseen(self.data)

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """What pictures of recordings are drawn with, as ``bayes-a2m plot`` does."""
        from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor

        return FeatureExtractor(CQTFeatures())

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions, in order of appearance."""
        return tuple(dict.fromkeys(r.condition for r in self.data))

    @property
    def examples(self) -> tuple[Recording, ...]:
        """The first recording of every condition that has notes."""
        return tuple(
            next((r for r in members if r.notes), members[0])
            for members in (
                [r for r in self.data if r.condition == name] for name in self.conditions
            )
        )

    def file(self, recording: Recording) -> str:
        """Where a recording's sound lies within the folder."""
        assert recording.path is not None
        return f"data/{recording.path.name}"


@dataclass(frozen=True)
class Outcome:
    """What a step found.

    Attributes
    ----------
    facts
        Plain finite values: what the section shows and ``demo.json`` holds. No seconds, so
        that they repeat.
    words
        One line for whoever waits.
    """

    facts: dict[str, Any]
    words: str


@dataclass(frozen=True)
class Step:
    """One step, and the section of the page that it makes.

    Attributes
    ----------
    name
        Of the section, the facts in ``demo.json``, and ``demo_<name>.html``, its words.
    title
        Heading of the section.
    work
        What is done.
    """

    name: str
    title: str
    work: Callable[[Stage], Outcome]

"""The context that every step of the demo is given, and the outcome it gives back."""

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
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import FeatureExtractor
    from bayes_a2m.evaluation import Evaluation
    from bayes_a2m.posteriors.posterior import Posterior

Update = Callable[[int, int], None]
"""Called with how much of a step is done, and of how much."""


class DemoSettings(Settings):
    """The size of the demo. The defaults take two to three minutes on two cores."""

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
        description="uncertainty methods to compare with the network alone",
    )
    resamples: int = Field(1000, ge=1, description="of the recordings, for every interval")


@contextmanager
def _no_bar(title: str) -> Iterator[Update]:
    """A progress bar that is not shown."""
    yield lambda done, total: None


@dataclass(frozen=True)
class Watch:
    """The callbacks that are told how the demo goes; nobody, by default.

    Attributes
    ----------
    begin
        Called as ``begin(number, steps, title)`` before each step.
    end
        Called as ``end(words, seconds)`` after it.
    bar
        Makes the progress bar of a long step from its title.
    training
        Whether the training shows a bar of its own.
    """

    begin: Callable[[int, int, str], None] = lambda number, steps, title: None
    end: Callable[[str, float], None] = lambda words, seconds: None
    bar: Callable[[str], AbstractContextManager[Update]] = _no_bar
    training: bool = False


@dataclass(frozen=True)
class DemoContext:
    """The context that the steps share. They hand on to each other through the files they write.

    Attributes
    ----------
    folder
        The folder that everything is written to while the demo runs.
    out
        The folder that it will be in the end, for words only.
    settings, watch
        The size of the demo, and whoever is told how it goes.
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
        """The model as it was written, once it is trained."""
        from bayes_a2m.models import load_model

        return load_model(self.folder / "model")

    @cached_property
    def held_out(self) -> Dataset:
        """The recordings that the model was neither fitted nor tuned on."""
        return self.model.seen.unseen(self.data)

    @cached_property
    def evaluation(self) -> Evaluation:
        """The model's evaluation on the held-out recordings, made once."""
        from bayes_a2m.evaluation import evaluate

        with self.watch.bar("predicting") as update:
            return evaluate(self.model, self.held_out, progress=update)

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """The features that recordings are drawn with, those of ``bayes-a2m plot``."""
        from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor

        return FeatureExtractor(CQTFeatures())

    @property
    def conditions(self) -> tuple[str, ...]:
        """The names of the conditions, in order of appearance."""
        return tuple(dict.fromkeys(r.condition for r in self.data))

    @property
    def examples(self) -> tuple[Recording, ...]:
        """The first recording of every condition that has notes."""
        by_condition = ([r for r in self.data if r.condition == c] for c in self.conditions)
        return tuple(next((r for r in members if r.notes), members[0]) for members in by_condition)

    def file(self, recording: Recording) -> str:
        """The place of a recording's sound within the folder."""
        assert recording.path is not None
        return f"data/{recording.path.name}"

    def draw(self, name: str, figure: Figure, *endings: str) -> str:
        """Write a figure to ``figures``, as PNG unless endings are given; gives the PNG's place."""
        for ending in endings or ("png",):
            style.save(figure, self.folder / f"figures/{name}.{ending}")
        return f"figures/{name}.png"


@dataclass(frozen=True)
class Outcome:
    """The findings of a step.

    Attributes
    ----------
    facts
        Plain finite values: what the section of the page shows and ``demo.json`` holds. There are
        no seconds among them, so they repeat.
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
        The name of the section, of the facts in ``demo.json``, and of the template
        ``demo_<name>.html``.
    title
        The heading of the section.
    work
        The function that does it.
    """

    name: str
    title: str
    work: Callable[[DemoContext], Outcome]

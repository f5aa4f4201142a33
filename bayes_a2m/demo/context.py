"""The settings of the demo, who is told how it goes, and the files that its steps share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets import Dataset, Recording, load_folder
from bayes_a2m.files.record import Record
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.evaluation import Evaluation
    from bayes_a2m.posteriors.posterior import Posterior

Update = Callable[[int, int], None]
"""Called with how much of a step is done, and of how much."""

QUICK = ("ensemble", "laplace")
"""Uncertainty methods that take seconds: one more training, and a Gaussian over a last layer."""

COSTLY = ("mc_dropout", "variational", "sgmcmc", "hmc")
"""Uncertainty methods that ``--all`` adds: trainings and samplers of their own."""


class DemoSettings(Settings):
    """The size of the demo. The defaults take two and a half minutes on two cores."""

    recordings: int = Field(60, ge=9, description="fewer leave no condition to report on")
    seconds: float = Field(4.0, ge=1, description="of each recording")
    seed: int = Field(0, ge=0)
    experiment: str = "demo"
    overrides: tuple[str, ...] = Field((), description="of the experiment, as --set takes them")
    degraded: int = Field(6, ge=1, description="held-out recordings to degrade")
    degradations: tuple[str, ...] = ("noisy", "laptop")
    severities: tuple[int, ...] = (0, 1, 3, 5)
    methods: tuple[str, ...] = Field(
        QUICK, description="uncertainty methods to compare with the network alone"
    )
    draws: int = Field(30, ge=1, description="of methods that draw")
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
        return self.load("model")

    def load(self, folder: str) -> Posterior:
        """Load a model that a step has written."""
        from bayes_a2m.models import load_model

        return load_model(self.folder / folder)

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

    @property
    def conditions(self) -> tuple[str, ...]:
        """The names of the conditions, in order of appearance."""
        return tuple(dict.fromkeys(r.condition for r in self.data))

    def sound(self, recording: Recording) -> str:
        """The place of a recording's sound within the folder."""
        assert recording.path is not None
        return f"data/{recording.path.name}"

    def draw(self, name: str, figure: Figure) -> str:
        """Write a figure to ``figures``, as PNG and SVG; gives the PNG's place."""
        for ending in ("png", "svg"):
            style.save(figure, self.folder / f"figures/{name}.{ending}")
        return f"figures/{name}.png"


@dataclass(frozen=True)
class Outcome:
    """The findings of a step.

    Attributes
    ----------
    facts
        What the section of the page shows and ``demo.json`` holds. There are no seconds among
        them, so they repeat.
    words
        One line for whoever waits.
    """

    facts: Record
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

"""The steps one after the other, the page and the record they make."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bayes_a2m.demo.context import DemoContext, DemoSettings, Outcome, Step, Watch
from bayes_a2m.demo.place import MADE_BY, RECORD, building
from bayes_a2m.demo.steps.degrade import degrade
from bayes_a2m.demo.steps.evaluate import evaluate
from bayes_a2m.demo.steps.methods import compare
from bayes_a2m.demo.steps.plot import plot
from bayes_a2m.demo.steps.sing import sing
from bayes_a2m.demo.steps.train import train
from bayes_a2m.demo.steps.transcribe import transcribe
from bayes_a2m.demo.steps.verify import verify
from bayes_a2m.files import write_json
from bayes_a2m.files.output import files_in
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.version import __version__

FORMAT_VERSION = 1

PAGE = "index.html"

TITLE = "From a voice to notes, and how sure"

STEPS = (
    Step("sing", "Sing", sing),
    Step("verify", "Verify", verify),
    Step("plot", "Plot", plot),
    Step("train", "Train", train),
    Step("evaluate", "Evaluate", evaluate),
    Step("methods", "Doubt", compare),
    Step("degrade", "Degrade", degrade),
    Step("transcribe", "Transcribe", transcribe),
)
"""The steps in order. Each may use what those before it wrote, and makes a section of the page."""

PLACES = (
    (PAGE, "this page"),
    (RECORD, "every number of this page, for programs"),
    ("data/", "the recordings, their MIDI, what is known of them, and the truth behind them"),
    ("model/", "the model: all that transcribing elsewhere needs"),
    ("methods/", "the models of other ways of being uncertain"),
    ("metrics.json", "every score on the held-out recordings, with intervals"),
    ("transcription/", "one held-out recording as MIDI, table and picture"),
    ("figures/", "the pictures of this page, as PNG, the diagrams as SVG, too"),
)
"""The files and folders of a demo, and what they hold."""


def run_demo(
    out: Path,
    settings: DemoSettings | None = None,
    *,
    watch: Watch | None = None,
    steps: Sequence[Step] = STEPS,
    force: bool = False,
) -> dict[str, Any]:
    """Run every step, then write the page and ``demo.json``.

    Parameters
    ----------
    out
        The folder to write; it appears when all is done. An earlier demo there is replaced.
    settings
        The size of the demo, and its seed.
    watch
        Whoever is told how the demo goes.
    steps
        The steps, in order.
    force
        Whether files of others may be replaced.

    Returns
    -------
    dict
        The content of ``demo.json``.

    Raises
    ------
    InputError
        If ``out`` holds what no demo made and would have to be replaced, or cannot be written to.
    """
    watch = watch or Watch()
    wanted = settings or DemoSettings()
    with building(out, force=force) as folder:
        context = DemoContext(folder, out, wanted, watch)
        outcomes: dict[str, Outcome] = {}
        seconds: dict[str, float] = {}
        for number, step in enumerate(steps, start=1):
            watch.begin(number, len(steps), step.title)
            start = time.perf_counter()
            outcomes[step.name] = step.work(context)
            seconds[step.name] = round(time.perf_counter() - start, 2)
            watch.end(outcomes[step.name].words, seconds[step.name])
        facts = {name: outcome.facts for name, outcome in outcomes.items()}
        _write_page(context, steps, facts, seconds)
        record = {
            "format_version": FORMAT_VERSION,
            "made_by": MADE_BY,
            "version": __version__,
            "settings": wanted.model_dump(mode="json"),
            "sections": facts,
            "seconds": seconds,
            "files": sorted({*_shown(files_in(folder)), RECORD}),
        }
        write_json(folder / RECORD, record)
    return record


def _shown(names: Sequence[str]) -> list[str]:
    """The files that people see; the lists of what may be replaced are hidden."""
    return [name for name in names if not Path(name).name.startswith(".")]


def _write_page(
    context: DemoContext,
    steps: Sequence[Step],
    facts: dict[str, dict[str, Any]],
    seconds: dict[str, float],
) -> None:
    """The opening, a section a step, and what comes next."""
    shared = {"out": context.out.as_posix(), "settings": context.settings.model_dump(mode="json")}
    sections = [
        PageSection(step.name, step.title, f"demo_{step.name}.html", {**facts[step.name], **shared})
        for step in steps
    ]
    places = [
        (name, words)
        for name, words in PLACES
        if name in (PAGE, RECORD) or (context.folder / name).exists()
    ]
    closing = {
        "places": places,
        "seconds": [(step.title, seconds[step.name]) for step in steps],
        "total": sum(seconds.values()),
        **shared,
    }
    sections.append(PageSection("next", "Your own voice", "demo_next.html", closing))
    opening = {"facts": facts, "total": sum(seconds.values()), "version": __version__, **shared}
    write_page(
        context.folder / PAGE,
        TITLE,
        PageSection("opening", "", "demo_opening.html", opening),
        sections,
    )

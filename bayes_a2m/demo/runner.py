"""The steps one after the other, the page and the record they make."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bayes_a2m.demo.context import DemoContext, DemoSettings, Outcome, Step, Watch
from bayes_a2m.demo.record import DemoRecord, DemoSections
from bayes_a2m.demo.steps.degrade import degrade
from bayes_a2m.demo.steps.evaluate import evaluate
from bayes_a2m.demo.steps.methods import compare
from bayes_a2m.demo.steps.sing import sing
from bayes_a2m.demo.steps.train import train
from bayes_a2m.demo.steps.transcribe import transcribe
from bayes_a2m.demo.steps.verify import verify
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder
from bayes_a2m.files.atomic import real_path
from bayes_a2m.files.output import files_in
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.version import __version__

PAGE, RECORD = "index.html", "demo.json"

TITLE = "From a voice to notes, each with its probability"

STEPS = (
    Step("sing", "Synthesise", sing),
    Step("verify", "Verify", verify),
    Step("train", "Train", train),
    Step("evaluate", "Evaluate", evaluate),
    Step("transcribe", "Transcribe", transcribe),
    Step("methods", "Compare methods", compare),
    Step("degrade", "Degrade", degrade),
)
"""The steps in order. Each may use what those before it wrote, and makes a section of the page."""

PLACES = (
    (PAGE, "this page"),
    (RECORD, "every number of this page, for programs"),
    ("data/", "the recordings, their MIDI, what is known of them, and the truth behind them"),
    ("model/", "the model: all that transcribing elsewhere needs"),
    ("methods/", "the models of other uncertainty methods"),
    ("metrics.json", "every score on the held-out recordings, with intervals"),
    ("transcription/", "one held-out recording as MIDI, table and picture"),
    ("figures/", "the pictures of this page, as PNG and SVG"),
)
"""The files and folders of a demo, and what they hold."""


def run_demo(
    out: Path,
    settings: DemoSettings | None = None,
    *,
    watch: Watch | None = None,
    steps: Sequence[Step] = STEPS,
    force: bool = False,
) -> DemoRecord:
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
    DemoRecord
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
        record = DemoRecord(
            version=__version__,
            settings=wanted.model_dump(mode="json"),
            sections=DemoSections(**{name: found.facts for name, found in outcomes.items()}),
            seconds=seconds,
        )
        write_demo_page(context.folder, record, steps, shown_as=out.as_posix())
        shown = [name for name in files_in(folder) if not Path(name).name.startswith(".")]
        record = record.model_copy(update={"files": sorted({*shown, RECORD})})
        record.write(folder / RECORD)
    return record


@contextmanager
def building(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder beside ``out`` whose files take the place of an earlier demo's when all went well.

    If the block raises, or is interrupted, the folder is removed and ``out`` is as it was.

    Raises
    ------
    InputError
        If ``out`` is a file, a folder that somebody works in, or one with files that no demo
        made; or if the folder cannot be made.
    """
    here = real_path(Path.cwd())
    if out.is_dir() and real_path(out) in (here, *here.parents):
        raise InputError(f"{out}: is the folder you are in; give another --out")
    with OutputFolder(out, "demo", force=force, beside=()).replacing() as folder:
        yield folder


def write_demo_page(
    folder: Path, record: DemoRecord, steps: Sequence[Step], *, shown_as: str
) -> None:
    """Write the page: the opening, a section a step, and what comes next.

    Parameters
    ----------
    folder
        The folder of the demo, with all its figures.
    record
        The numbers.
    steps
        The steps that made them.
    shown_as
        The name of the folder in commands that the page shows.
    """
    facts, total = dict(record.sections), sum(record.seconds.values())
    shared = {"out": shown_as, "settings": record.settings, "sections": record.sections}
    sections = [
        PageSection(
            step.name, step.title, f"demo_{step.name}.html", {**dict(facts[step.name]), **shared}
        )
        for step in steps
    ]
    closing = {
        "places": [
            (name, words)
            for name, words in PLACES
            if name in (PAGE, RECORD) or (folder / name).exists()
        ],
        "seconds": [(step.title, record.seconds[step.name]) for step in steps],
        "total": total,
        **shared,
    }
    sections.append(PageSection("next", "Your own voice", "demo_next.html", closing))
    opening = PageSection(
        "opening", "", "demo_opening.html", {"total": total, "version": record.version, **shared}
    )
    write_page(folder / PAGE, TITLE, opening, sections, scripts=("follow.js",))

"""The demo, small: everything it says it makes is there, and repeats."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from bayes_a2m.decoding.note_posterior import Doubt, NoteHypothesis
from bayes_a2m.demo import STEPS, DemoContext, DemoSettings, Step, Watch, run_demo
from bayes_a2m.demo.record import DemoRecord
from bayes_a2m.demo.runner import building, write_demo_page
from bayes_a2m.demo.steps.degrade import Curve, quick_scores
from bayes_a2m.demo.steps.evaluate import band
from bayes_a2m.demo.steps.transcribe import doubt, predicted_notes
from bayes_a2m.diagnostics.overconfidence import overconfidence
from bayes_a2m.errors import InputError
from bayes_a2m.files import write_json
from bayes_a2m.files.output import files_in
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.models import load_model
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.reporting import html
from tests import tiny

LISTED = ".bayes-a2m-demo.sha256"
"""The file in which the demo lists what it wrote."""

SETTINGS = DemoSettings(
    recordings=9,
    seconds=2.0,
    experiment="crnn",
    overrides=(*tiny.SMALL, "training.epochs=1"),
    degraded=1,
    severities=(0, 5),
    methods=("laplace",),
    draws=5,
    resamples=50,
)


class Page(HTMLParser):
    """What a page links to, shows, and is headed by."""

    VOID = frozenset({"meta", "link", "img", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.files: list[str] = []
        self.anchors: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.lang: str | None = None
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "img":
            self.images.append(values)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if values.get("id"):
            self.ids.append(str(values["id"]))
        for name in ("src", "href"):
            target = values.get(name)
            if target and target.startswith("#"):
                self.anchors.append(target[1:])
            elif target and not target.startswith("data:"):
                self.files.append(unquote(target))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo"
    record = run_demo(out, SETTINGS)
    assert record.to_dict() == json.loads((out / "demo.json").read_text())
    assert DemoRecord.read(out / "demo.json").to_dict() == record.to_dict()
    return out


@pytest.fixture(scope="module")
def page(made: Path) -> Page:
    return Page((made / "index.html").read_text())


def test_everything_the_page_points_to_is_there(made: Path, page: Page) -> None:
    assert not page.open  # every element is closed, in order
    assert page.files
    assert [file for file in page.files if not (made / file).exists()] == []
    assert [a for a in page.anchors if a not in page.ids] == []
    assert not [file for file in page.files if "//" in file or file.startswith("/")]


def test_the_page_can_be_read_by_everybody(page: Page) -> None:
    assert page.lang == "en"
    assert all(image["alt"] and image["width"] and image["height"] for image in page.images)
    assert len(page.images) >= 8
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert len(set(page.ids)) == len(page.ids)
    assert page.anchors == ["main", *(step.name for step in STEPS), "next"]


def test_the_record_is_whole_and_finite(made: Path) -> None:
    record = json.loads((made / "demo.json").read_text(), parse_constant=pytest.fail)
    assert list(record["sections"]) == [step.name for step in STEPS] == list(record["seconds"])
    assert all(math.isfinite(number) for number in _numbers(record))
    shown = [name for name in files_in(made) if not Path(name).name.startswith(".")]
    assert record["files"] == shown
    assert str(made.parent) not in (made / "demo.json").read_text()
    sections = record["sections"]
    assert sections["verify"]["errors"] == 0
    assert sections["train"]["held_out"] == sections["evaluate"]["recordings"]
    confusion = np.array(sections["evaluate"]["confusion"])
    assert confusion.sum() == sections["evaluate"]["frames"]
    assert sections["degrade"]["methods"] == ["point", "laplace"]
    assert [row["name"] for row in sections["methods"]["rows"]] == ["point", "laplace"]
    assert all(0 <= note["probability"] <= 1 for note in sections["transcribe"]["notes"])


def test_the_files_are_of_use_elsewhere(made: Path) -> None:
    model = load_model(made / "model")
    record = json.loads((made / "demo.json").read_text())
    files = record["sections"]["transcribe"]["files"]
    assert all((made / name).stat().st_size for name in files.values())
    assert record["sections"]["transcribe"]["id"] not in {**model.seen.fit, **model.seen.tune}
    assert (
        record["sections"]["evaluate"]["recordings"]
        == json.loads((made / "metrics.json").read_text())["recordings"]
    )


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_in_the_same_place(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(made, out)
    first = json.loads((out / "demo.json").read_text())
    told: list[str] = []
    watch = Watch(end=lambda words, seconds: told.append(words))
    again = run_demo(out, SETTINGS, watch=watch).to_dict()
    assert again["sections"] == first["sections"]
    assert len(told) == len(STEPS)
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


def test_what_names_say_is_escaped(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(html, "png_size", lambda path: (1, 1))
    hostile = "<script>alert('\"&')</script>"
    plain = _with(json.loads((made / "demo.json").read_text()), hostile)
    record = DemoRecord.model_validate({**plain, "made_by": "x", "version": hostile})
    write_demo_page(tmp_path, record, STEPS, shown_as=hostile)
    text = (tmp_path / "index.html").read_text()
    assert text.count("<script") == 1  # the page's own
    assert "&lt;script&gt;" in text
    Page(text)


def test_an_interrupted_demo_leaves_the_earlier_one(tmp_path: Path) -> None:
    def interrupted(context: DemoContext) -> Any:
        (context.folder / "half").mkdir()
        raise KeyboardInterrupt

    out = tmp_path / "demo"
    _earlier(out)
    with pytest.raises(KeyboardInterrupt):
        run_demo(out, SETTINGS, steps=[Step("sing", "Sing", interrupted)])
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]
    assert files_in(out) == [LISTED, "demo.json", "old.txt"]


def test_an_earlier_demo_is_replaced_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "demo"
    _earlier(out)
    with building(out) as folder:
        (folder / "new.txt").touch()
    assert files_in(out) == [LISTED, "new.txt"]
    (out / "mine.txt").write_text("mine")
    _earlier(out)
    assert files_in(out) == [LISTED, "demo.json", "mine.txt", "old.txt"]
    (out / "old.txt").write_text("changed by hand")
    with pytest.raises(InputError, match=r"old\.txt: is there already"):
        _earlier(out)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "mine.txt").touch()
    with pytest.raises(InputError, match=r"mine\.txt: is there already"):
        run_demo(tmp_path / "strange")
    with pytest.raises(InputError, match="is no folder"):
        run_demo(out / "old.txt")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(InputError, match="the folder you are in"):
        run_demo(Path())
    with building(tmp_path / "other" / "place") as folder:
        (folder / "x").touch()
    assert files_in(tmp_path / "other" / "place") == [LISTED, "x"]


def test_a_band_of_confidence_and_the_gap_are_counted() -> None:
    # three frames at 0.7, two of them right; one at 0.95, right
    laws = [[0.7, 0.3], [0.7, 0.3], [0.7, 0.3], [0.95, 0.05]]
    counts = FrameStatistics.of(laws, [0, 0, 1, 0])
    found = band(counts, resamples=20, seed=0)
    assert (found.low, found.high, found.frames) == (0.6, 0.8, 3)
    assert found.confidence == pytest.approx(0.7)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.overconfidence.value == pytest.approx(0.7 - 2 / 3)
    lead = overconfidence(FrameStatistics.stack([counts, counts]), resamples=20)
    assert lead.value == pytest.approx((2.1 + 0.95 - 3) / 4)
    assert lead.low == lead.high == pytest.approx(lead.value)
    point = quick_scores(counts)
    assert point["accuracy"] == 0.75
    assert point["confidence"] == pytest.approx(3.05 / 4)
    empty = band(FrameStatistics.of([[0.9, 0.1]], [0]), resamples=20, seed=0)
    assert empty.confidence is None
    assert empty.overconfidence.value is None


def test_a_curve_says_whether_the_fall_was_noticed() -> None:
    def curve(accuracy: list[float], confidence: list[float]) -> Curve:
        return Curve(
            degradation="noisy", method="point", severity=[0, 5],
            accuracy=accuracy, confidence=confidence, ece=[0.0, 0.0],
        )  # fmt: skip

    found = curve([0.9, 0.5], [0.9, 0.8])
    assert found.noticed == pytest.approx(0.25)
    assert found.gap == pytest.approx([0.0, 0.3])
    assert curve([0.9, 0.89], [0.9, 0.5]).noticed is None


def hypothesis(onset: float, offset: float, pitch: int, probability: float) -> NoteHypothesis:
    """A note whose onset is known to a hundredth of a second."""
    near, far = (onset - 0.01, onset + 0.01), (offset - 0.01, offset + 0.01)
    doubt = Doubt(0.0, 0.0, 0.0)
    return NoteHypothesis(
        onset, offset, pitch, probability, onset, offset, near, far, 1.0, (0.0, 0.0, 0.0), doubt
    )


class Heard:
    """A transcription of three notes."""

    vocabulary = Vocabulary()
    hypotheses = (
        hypothesis(0.0, 1.0, 60, 0.9),
        hypothesis(1.3, 2.0, 64, 0.5),
        hypothesis(2.0, 3.0, 67, 0.7),
    )
    probabilities = (0.9, 0.5, 0.7)


def test_notes_are_looked_up_in_the_reference() -> None:
    reference = [Note(0.05, 1.0, 60), Note(1.0, 2.0, 64), Note(2.0, 3.0, 60)]
    rows = predicted_notes(Heard(), reference)
    assert [row.reference for row in rows] == ["match", "pitch only", "none"]
    assert [row.name for row in rows] == ["C4", "E4", "G4"]
    assert (rows[0].onset_low, rows[0].onset_high) == (-0.01, 0.01)
    assert doubt(Heard()) == pytest.approx((0.09 + 0.25 + 0.21) / 3)


def _earlier(out: Path) -> None:
    """A folder as a demo leaves it, but for the content."""
    with building(out) as folder:
        (folder / "old.txt").touch()
        record = {"made_by": "bayes-a2m demo", "files": ["demo.json", "old.txt"]}
        write_json(folder / "demo.json", record)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, int | float):
        yield value


def _with(value: Any, text: str, key: str = "") -> Any:
    """The same facts, every name in them replaced."""
    if isinstance(value, dict):
        return {k: _with(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_with(part, text) for part in value]
    # a condition is the key of another fact, a verdict one of three words
    fixed = key in ("condition", "reference", "level", "way")
    return text if isinstance(value, str) and not fixed else value

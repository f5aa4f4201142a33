"""Report and audit in a browser: nothing breaks, everything loads, and names stay text."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.label_audit.decisions import Decision, Decisions
from bayes_a2m.label_audit.page import write_audit_page
from bayes_a2m.label_audit.results import audit_labels
from bayes_a2m.label_audit.segments import capped_log_probs, excess_surprisal
from bayes_a2m.label_audit.suspects import OutOfFoldPrediction
from bayes_a2m.music import FrameGrid
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting import html
from bayes_a2m.reporting.report.context import ReportOptions
from bayes_a2m.reporting.report.entry import of_model
from bayes_a2m.reporting.report.page import write_report
from tests.browser import chromium, open_page, started_chromium

pytestmark = pytest.mark.slow

__all__ = ["chromium", "started_chromium"]  # fixtures, known to pytest by their names here

HOSTILE = (
    "<script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 1">',
    "{{ 7 * 7 }}",
    "x" * 120,
)


@contextmanager
def no_bar(what: str):
    yield lambda done, total: None


@pytest.fixture(scope="module")
def hostile(tiny_data: Dataset) -> Dataset:
    """The validation recordings under names that mean harm, one in a condition of such a name."""
    recordings = [
        replace(r, id=name, condition=HOSTILE[0] if i == 0 else "noisy")
        for i, (r, name) in enumerate(zip(tiny_data.split("validation"), HOSTILE, strict=True))
    ]
    return Dataset(tuple(recordings), tiny_data.vocabulary, HOSTILE[1])


@pytest.fixture(scope="module")
def report(hostile: Dataset, tiny_point: Point, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    shared: dict[str, Any] = {"resamples": 50, "accept_error": 0.05}
    made = tuple(
        of_model(name, tiny_point, hostile, draws=1, **shared) for name in (HOSTILE[0], HOSTILE[1])
    )
    write_report(
        out,
        hostile,
        made,
        ReportOptions(resamples=50, sections={"recordings": {"worst": 2}}),
        bar=no_bar,
    )
    return out


@pytest.fixture(scope="module")
def audit(hostile: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("audit")
    grid = FrameGrid()
    predictions, frame_log_probs = [], []
    for recording in hostile:
        labels = recording.labels(grid, hostile.vocabulary)
        sound = np.roll(labels, 20)
        probs = np.where(np.eye(4)[sound] > 0, 0.97, 0.01)
        score = excess_surprisal(capped_log_probs(probs), labels).sum()
        draws = score + np.array([-3.0, 0.0, 3.0])
        predictions.append(OutOfFoldPrediction(recording.id, probs, sound, labels, draws))
        frame_log_probs.append(np.log(probs))
    found = audit_labels(hostile, grid, predictions, frame_log_probs, resamples=20)
    decided = Decisions({HOSTILE[1]: Decision("keep", HOSTILE[0])})
    write_audit_page(
        out,
        found,
        load_experiment("crnn"),
        decided,
        show=4,
        sound=True,
        bar=no_bar,
        draws=3,
        folds=2,
    )
    return out


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("which", ["report", "audit"])
def test_nothing_breaks(
    chromium: Any, which: str, width: int, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(which)
    opened = open_page(chromium, folder / "index.html", width)
    page = opened.page
    assert opened.messages == []
    assert opened.asked == []
    assert page.evaluate("window.hit") is None
    sizes = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    assert len(sizes) >= 4
    assert min(sizes) > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img[src=x]").count() == 0
    shown = page.inner_text("body")
    for name in HOSTILE[:3]:
        assert name in shown
    assert page.locator("img:not([alt]), audio:not([aria-label])").count() == 0
    levels = "all => all.map(one => Number(one.tagName[1]))"
    headings = page.eval_on_selector_all("h1, h2, h3, h4", levels)
    assert headings.count(1) == 1
    steps = pairwise(headings)
    assert all(after <= before + 1 for before, after in steps)
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("which", ["report", "audit"])
def test_sound_plays(chromium: Any, which: str, request: pytest.FixtureRequest) -> None:
    page = open_page(chromium, request.getfixturevalue(which) / "index.html").page
    played = page.evaluate(
        """async () => {
            const sound = document.querySelector("audio");
            sound.muted = true;
            await sound.play();
            // it must advance, however busy the machine: ten seconds at most
            for (let i = 0; i < 100 && !sound.currentTime; i++) {
                await new Promise((done) => setTimeout(done, 100));
            }
            return [sound.currentTime, sound.duration, sound.error];
        }"""
    )
    assert played[0] > 0
    assert played[1] == pytest.approx(1.2, abs=0.01)
    assert played[2] is None


def test_tables_sort_both_ways_by_mouse_and_keyboard(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "index.html").page
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    table = page.locator("table", has_text="Class by class")
    button = table.locator("thead button", has_text="precision")
    column = """one => [...one.tBodies[0].rows].map(row => row.cells[3].dataset.value)"""

    def values() -> list[float]:
        return [float(v) for v in table.evaluate(column) if v]

    button.click()
    assert values() == sorted(values())
    button.focus()
    page.keyboard.press("Enter")
    assert values() == sorted(values(), reverse=True)
    assert table.locator("th[aria-sort=descending]").inner_text().startswith("precision")
    assert "descending" in page.locator("#announcer").inner_text()


def test_what_is_missing_stays_last(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "index.html").page
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    table = page.locator("table", has_text="Class by class")
    table.evaluate("one => { one.tBodies[0].rows[0].cells[3].dataset.value = ''; }")
    for _ in range(2):
        table.locator("thead button", has_text="precision").click()
        last = "one => one.tBodies[0].rows[one.tBodies[0].rows.length - 1].cells[3].dataset.value"
        assert table.evaluate(last) == ""


def test_on_paper_everything_is_open_and_nothing_plays(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "index.html").page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav").is_visible()
    assert not page.locator("audio").first.is_visible()
    assert page.locator("figure img").first.is_visible()


def test_decisions_are_kept_and_saved(chromium: Any, audit: Path, tmp_path: Path) -> None:
    page = open_page(chromium, audit / "index.html").page
    first, second = page.locator(".decide").nth(0), page.locator(".decide").nth(1)
    ids = [one.get_attribute("data-id") for one in (first, second)]
    first.get_by_label("leave out", exact=True).check()
    first.locator("input[type=text]").fill("wrong <b>take</b>")
    second.get_by_label("not decided").check()
    page.reload()
    assert first.get_by_label("leave out", exact=True).is_checked()
    with page.expect_download() as waiting:
        page.locator("#save").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    saved = Decisions.load(path)
    assert path.name == "decisions.json"
    assert saved.by_id[ids[0]] == Decision("exclude", "wrong <b>take</b>")
    assert saved.excluded == (ids[0],)
    if HOSTILE[1] not in ids:  # what was decided before is still there
        assert saved.by_id[HOSTILE[1]] == Decision("keep", HOSTILE[0])


@pytest.mark.parametrize(("width", "dark"), [(1300, False), (390, False), (390, True)])
def test_the_page_of_a_recording_stands(
    chromium: Any, report: Path, width: int, dark: bool
) -> None:
    opened = open_page(chromium, report / "recordings" / "0001.html", width)
    page = opened.page
    page.emulate_media(color_scheme="dark" if dark else "light")
    assert opened.messages == []
    assert opened.asked == []
    assert page.evaluate("window.hit") is None
    assert page.inner_text("h1") == f"Recording {HOSTILE[0]}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg.roll").count() == 2  # a model each
    assert page.locator("path.roll-area").count() > 0
    ink, paper = page.evaluate(
        """() => ["color", "backgroundColor"].map((one) => getComputedStyle(document.body)[one])"""
    )
    assert ink != paper
    assert (paper == "rgb(21, 24, 27)") == dark


def test_notes_are_marked_as_they_sound(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "recordings" / "0002.html").page
    marked = page.evaluate(
        """async () => {
            const sound = document.querySelector("audio");
            sound.muted = true;
            const row = document.querySelector("tr[data-onset]");
            row.querySelector("button.go").click();
            const until = performance.now() + 5000;
            const wait = (time) => new Promise((done) => setTimeout(done, time));
            while (!document.querySelector("tr.sounding") && performance.now() < until)
                await wait(20);
            sound.pause();
            await wait(100);
            const sounding = [...document.querySelectorAll("tr.sounding")];
            const within = sounding.every(
                (one) => one.dataset.onset <= sound.currentTime
                    && sound.currentTime < one.dataset.offset
            );
            return [sounding.length, within, sound.currentTime - row.dataset.onset, sound.error];
        }"""
    )
    assert marked[0] >= 1
    assert marked[1]
    assert 0 <= marked[2] < 6
    assert marked[3] is None


def test_keys_play_and_go_from_note_to_note(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "recordings" / "0002.html").page
    page.wait_for_function("document.querySelector('audio').readyState > 0")
    onsets = page.eval_on_selector_all(
        "tr[data-onset]", "all => [...new Set(all.map(one => Number(one.dataset.onset)))]"
    )
    onsets = sorted(one for one in onsets if one > 0.02)
    now = "document.querySelector('audio').currentTime"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(now) == pytest.approx(onsets[0], abs=0.01)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(now) == pytest.approx(
        next(one for one in onsets if one > onsets[0] + 0.01), abs=0.01
    )
    page.evaluate("Object.assign(document.querySelector('audio'), {muted: true, loop: true})")
    page.keyboard.press(" ")
    page.wait_for_function("!document.querySelector('audio').paused")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('audio').paused")


def test_the_report_leads_to_the_pages_and_to_the_note(chromium: Any, report: Path) -> None:
    opened = open_page(chromium, report / "index.html")
    page = opened.page
    links = page.eval_on_selector_all(
        "#recordings td a, #recordings th a", "all => all.map(one => one.getAttribute('href'))"
    )
    assert set(links) == {f"recordings/{n:04d}.html" for n in range(1, 5)}
    for link in page.eval_on_selector_all("main a", "all => all.map(one => one.href)"):
        path = link.partition("#")[0]
        assert Path(path.removeprefix("file://")).is_file(), link
    page.locator("#notes article h3 a").first.click()
    page.wait_for_function("document.querySelector('audio').readyState > 0")
    asked = float(page.url.partition("#t=")[2])
    page.wait_for_function(
        f"Math.abs(document.querySelector('audio').currentTime - {asked}) < 0.01"
    )
    assert opened.messages == []


def test_the_page_of_a_recording_prints_without_its_player(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "recordings" / "0001.html").page
    page.emulate_media(media="print")
    assert page.locator("audio:visible, .turn:visible, button.go:visible").count() == 0
    assert page.locator("svg.roll:visible").count() == 2
    assert len(page.pdf()) > 5000


def test_a_table_that_is_too_wide_shows_that_there_is_more(chromium: Any, report: Path) -> None:
    page = open_page(chromium, report / "index.html", 390).page
    images = page.eval_on_selector_all(
        ".scroll", "all => all.map(one => getComputedStyle(one).backgroundImage)"
    )
    assert images
    assert all(image.count("linear-gradient") == 4 for image in images)


def test_a_picture_that_is_too_wide_shows_that_there_is_more(chromium: Any, tmp_path: Path) -> None:
    style = Path(html.__file__).parent / "templates" / "style.css"
    picture = '<svg class="roll" viewBox="0 0 720 200"></svg>'
    page = tmp_path / "page.html"
    page.write_text(f"<style>{style.read_text()}</style><div class='figure-scroll'>{picture}</div>")
    cue = "getComputedStyle(document.querySelector('.figure-scroll'), '::after').opacity"
    opened = open_page(chromium, page, 390).page
    assert float(opened.evaluate(cue)) == 1
    opened.evaluate("document.querySelector('.figure-scroll').scrollLeft = 9999")
    opened.wait_for_function(f"Number({cue}) < 0.2")
    wide = open_page(chromium, page, 1200).page
    assert wide.evaluate(cue.replace("opacity", "content")) == "none"


def test_sound_is_beside_the_pages_or_in_them(
    hostile: Dataset, tiny_point: Point, report: Path, tmp_path: Path
) -> None:
    assert len(list((report / "recordings").glob("*.flac"))) == 4
    assert "data:audio" not in (report / "index.html").read_text(encoding="utf-8")
    one = of_model("tiny", tiny_point, hostile, draws=1, resamples=20, accept_error=0.05)
    options = ReportOptions(resamples=20, embed_audio=True, sections={"recordings": {"worst": 1}})
    write_report(tmp_path / "out", hostile, (one,), options, bar=no_bar)
    assert not list((tmp_path / "out" / "recordings").glob("*.flac"))
    for page in ("index.html", "recordings/0001.html"):
        assert "data:audio/flac;base64," in (tmp_path / "out" / page).read_text(encoding="utf-8")

"""Notes in a report: those of models and of any tool, what is refused, and the pictures of them."""

from __future__ import annotations

import contextlib
import csv
import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.baselines.pitch_curve import pitch_curve
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json
from bayes_a2m.music import Note, Vocabulary, jams
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting.note_reliability import note_reliability_caption, note_reliability_figure
from bayes_a2m.reporting.piano_roll import RollNote, piano_roll_figure, roll_notes
from bayes_a2m.reporting.report.context import ReportOptions
from bayes_a2m.reporting.report.entry import of_model
from bayes_a2m.reporting.report.note_entry import of_file
from bayes_a2m.reporting.report.page import write_report
from bayes_a2m.reporting.transcription import pages_of, transcription_figure

DRAWN = {"resamples": 20, "seed": 0}


@contextlib.contextmanager
def no_bar(title: str) -> Iterator[Any]:
    """A progress bar that is not shown."""
    yield lambda done, total: None


@pytest.fixture(scope="module")
def data(tiny_data: Dataset) -> Dataset:
    return tiny_data.split("validation")


def table(path: Path, data: Dataset, *, confidence: str = "0.9", semitones: int = 0) -> Path:
    """The reference notes of every recording, as a tool that is right says them."""
    rows = ["recording,onset,offset,pitch,confidence"]
    for r in data:
        rows += [
            f"{r.id},{n.onset},{n.offset},{n.pitch + semitones},{confidence}" for n in r.notes or ()
        ]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_notes_of_a_tool_that_is_right(data: Dataset, tmp_path: Path) -> None:
    entry = of_file("theirs", table(tmp_path / "x.csv", data), data, **DRAWN)
    total = sum(len(r.notes or ()) for r in data)
    assert (entry.results.notes, entry.results.unknown) == (total, 0)
    assert entry.results.precision.value == entry.f1["note_onset_f1_50ms"].value == 1.0
    assert entry.results.ece.value == pytest.approx(0.1)
    assert entry.results.brier.value == pytest.approx(0.01)
    assert entry.results.onset is None
    assert entry.caution == ""


def test_a_missing_confidence_is_unknown(data: Dataset, tmp_path: Path) -> None:
    entry = of_file("theirs", table(tmp_path / "x.csv", data, confidence=""), data, **DRAWN)
    assert entry.results.notes == 0
    assert entry.results.brier.value is None
    assert entry.f1["note_onset_f1_50ms"].value == 1.0
    assert "which is unknown and not zero" in entry.caution
    assert all(one.probability is None for row in entry.rows for one in row)


def test_a_recording_without_a_row_has_no_notes_and_one_without_a_file_is_missing(
    data: Dataset, tmp_path: Path
) -> None:
    some = replace(data, recordings=data.recordings[:2])
    entry = of_file("theirs", table(tmp_path / "x.csv", some), data, **DRAWN)
    assert [bool(row) for row in entry.rows] == [True, True, False, False]
    folder = tmp_path / "folder"
    folder.mkdir()
    for r in some:
        jams.write(folder / f"voice_{r.id}.jams", r.notes or (), duration=r.duration, title=r.id)
    assert of_file("theirs", folder, some, **DRAWN).results.unknown > 0
    with pytest.raises(InputError, match="no notes of 2 of the 4 recordings"):
        of_file("theirs", folder, data, **DRAWN)


def test_what_does_not_fit_is_refused(data: Dataset, tmp_path: Path) -> None:
    octave = table(tmp_path / "octave.csv", data, semitones=12)
    with pytest.raises(InputError, match=r"of pitches that the data has not \(C5.*transpose them"):
        of_file("theirs", octave, data, **DRAWN)
    strange = tmp_path / "strange.csv"
    strange.write_text("recording,onset,offset,pitch\nx,0,1,60\n")
    with pytest.raises(InputError, match="of none of the recordings"):
        of_file("theirs", strange, data, **DRAWN)
    one = replace(data, recordings=data.recordings[:1])
    jams.write(tmp_path / "long.jams", [Note(1, 2, 60)], duration=60.0, title="long")
    with pytest.raises(InputError, match=r"long\.jams: is of 60 s of sound, but recording"):
        of_file("theirs", tmp_path / "long.jams", one, **DRAWN)
    ticks = tmp_path / "ticks.csv"
    ticks.write_text("onset,offset,pitch\n480,960,60\n")
    with pytest.raises(InputError, match=r"ticks\.csv: a note starts at 480, but recording"):
        of_file("theirs", ticks, one, **DRAWN)
    with pytest.raises(InputError, match="notes are read from"):
        of_file("theirs", tmp_path / "x.mid", data, **DRAWN)
    with pytest.raises(InputError, match="holds no notes"):
        of_file("theirs", tmp_path / "..", data, **DRAWN)


def test_a_report_of_a_model_and_of_a_tool(
    tiny_point: Point, data: Dataset, tmp_path: Path
) -> None:
    entry = of_model("ours", tiny_point, data, draws=1, resamples=20, accept_error=0.05)
    theirs = of_file("theirs", table(tmp_path / "x.csv", data), data, **DRAWN)
    options = ReportOptions(resamples=20, sections={"recordings": {"worst": 0}})
    out = tmp_path / "report"
    write_report(out, data, (entry,), options, bar=no_bar, notes=[theirs])
    page = (out / "index.html").read_text()
    assert "Can its notes be believed?" in page
    assert "Whether theirs was fitted or tuned on any of these recordings is not known." in page
    with (out / "tables" / "notes.csv").open(newline="") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"ours", "theirs"}
    record = read_json(out / "report.json")
    ours = record["models"][0]["metrics"]["notes"]
    assert float(rows["ours"]["note_brier"]) == pytest.approx(ours["brier"]["value"])
    assert float(rows["theirs"]["note_ece"]) == pytest.approx(0.1)
    assert record["notes"][0]["results"]["ece"]["value"] == pytest.approx(0.1)
    assert page.count('<article class="recording" aria-label=') == 3  # the least sure
    assert len(list((out / "sound").glob("note_*.flac"))) == 3


def test_a_report_of_notes_alone(data: Dataset, tmp_path: Path) -> None:
    source = table(tmp_path / "x.csv", data)
    with source.open("a") as file:  # a note that is not there
        file.write(f"{data[0].id},0.0,0.04,67,0.99\n")
    theirs = of_file("theirs", source, data, **DRAWN)
    out = tmp_path / "report"
    write_report(out, data, (), ReportOptions(resamples=20), bar=no_bar, notes=[theirs])
    page = (out / "index.html").read_text()
    assert "How far can theirs be trusted?" in page
    assert 'id="confusion"' not in page
    assert "surest wrong" in page
    assert "G4 at 0.00 s" in page
    assert read_json(out / "report.json")["models"] == []


def test_pictures_show_what_is_known(tiny_point: Point, data: Dataset) -> None:
    recording = data[0]
    post = tiny_point.predict([recording])
    one = tiny_point.decoder.decode(post)[0]
    doubtful = one.doubting(1.0)
    rows = roll_notes(doubtful)
    assert [row.probability for row in rows] == list(one.probabilities or ())
    assert all(row.doubtful and row.onset is not None for row in rows)
    curve = pitch_curve(recording.audio(16000), 16000, one.notes)
    figure = transcription_figure(
        post, doubtful, tiny_point.features_of(recording), reference=recording.notes, curve=curve
    )
    roll = figure.axes[2]
    # a bar a note, amber and blue; a probability beside each that is doubtful
    assert len(roll.collections) == len(one.notes) + len(recording.notes or ())
    assert sorted(text.get_text() for text in roll.texts) == sorted(
        f"{p:.2f}" for p in one.probabilities or ()
    )
    alphas = [c.get_facecolor()[0, 3] for c in roll.collections[len(recording.notes or ()) :]]
    assert np.argsort(alphas).tolist() == np.argsort(one.probabilities or ()).tolist()
    unknown = roll_notes(replace(one, posterior=None))
    assert all(row.probability is None and row.onset is None for row in unknown)


def test_models_stand_in_rows_and_times_are_those_of_the_recording() -> None:
    extract = FeatureExtractor(CQTFeatures())
    spectrum = Spectrum(extract(np.zeros(32000, dtype=np.float32)), extract.settings)
    notes = [RollNote(Note(10.5, 11.0, 60), 0.9, (10.4, 10.5, 10.6)), RollNote(Note(1, 2, 64), 0.5)]
    figure = piano_roll_figure(
        {"a": notes, "b": []}, spectrum, Vocabulary(), reference=[Note(10.6, 11, 62)], start=10.0
    )
    first, second = figure.axes[1:3]
    assert [axes.get_ylabel() for axes in (first, second)] == ["a", "b"]
    assert len(first.collections) == 2  # one reference, one note: the other lies elsewhere
    labels = [label.get_text() for label in first.get_yticklabels()]
    assert labels == ["C4", "D4", "E4", "G4"]
    assert second.xaxis.get_major_formatter()(0.5) == "10.5"


def test_pages_cover_a_long_recording_once() -> None:
    for duration in (0.5, 30.0, 30.1, 61.0, 600.0):
        pages = pages_of(duration)
        assert pages[0][0] == 0
        assert pages[-1][1] == duration
        assert all(a[1] == b[0] for a, b in itertools.pairwise(pages))
        assert max(end - start for start, end in pages) <= 30
        assert len(pages) == math.ceil(duration / 30) or len(pages) == 1


def test_the_diagram_says_how_many_notes_there_are(data: Dataset, tmp_path: Path) -> None:
    entry = of_file("theirs", table(tmp_path / "x.csv", data), data, **DRAWN)
    figure = note_reliability_figure(entry.results)
    upper, lower = figure.axes
    total = entry.results.notes
    assert lower.texts[0].get_text() == str(total)
    points = [line for line in upper.lines if line.get_marker() == "o"]
    assert points[0].get_xydata()[0].tolist() == pytest.approx([0.9, 1.0])
    (bar,) = (line for line in upper.lines[1:] if line.get_marker() != "o")
    # all are right, which does not make it certain: Clopper and Pearson
    assert bar.get_ydata().tolist() == pytest.approx([0.025 ** (1 / total), 1.0])
    words = f"{total} notes: mean probability 90.0 %"
    assert note_reliability_caption(entry.results).startswith(words)
    nothing = of_file("theirs", table(tmp_path / "y.csv", data, confidence=""), data, **DRAWN)
    assert note_reliability_caption(nothing.results) == "There are no notes of known probability."

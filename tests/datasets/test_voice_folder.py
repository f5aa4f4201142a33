"""The real recordings (REFERENCE.md): what is known of them is what is found."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.verify import VerifyReport, verify
from bayes_a2m.music import midi


@pytest.fixture(scope="module")
def report(voices: Path) -> VerifyReport:
    return verify(voices)


@pytest.fixture(scope="module")
def data(voices: Path) -> Dataset:
    return load_folder(voices)


def files(report: VerifyReport, code: str) -> list[str]:
    return [p.file for p in report.problems if p.code == code]


def test_no_error(report: VerifyReport) -> None:
    assert report.errors == ()
    assert report.recordings == 255


def test_three_empty_midi_files(report: VerifyReport) -> None:
    assert files(report, "empty-midi") == ["midi_073.mid", "midi_112.mid", "midi_187.mid"]


def test_overlapping_notes(report: VerifyReport) -> None:
    found = [p for p in report.warnings if p.code == "overlap"]
    assert len(found) == 34
    counts = [re.match(r"(\d+) pairs? ", p.message) for p in found]
    assert sum(int(match[1]) for match in counts if match) == 58


def test_every_note_that_ends_after_4_s(report: VerifyReport, voices: Path) -> None:
    late = [
        path.name
        for path in sorted(voices.glob("midi_*.mid"))
        for note in midi.read(path)
        if note.offset > 4.0 + 1e-6
    ]
    assert len(late) > 100
    assert files(report, "note-past-end") == late


def test_the_take_that_spans_the_splits(report: VerifyReport) -> None:
    assert files(report, "take-in-several-splits") == ["metadata.csv"]


def test_nothing_else_is_wrong_with_the_sound(report: VerifyReport) -> None:
    about_sound = {"silent", "clipped", "copy", "channels", "sample-rate", "no-metadata", "name"}
    assert about_sound.isdisjoint(report.summary)


def test_it_takes_seconds(voices: Path) -> None:
    start = time.process_time()
    verify(voices)
    assert time.process_time() - start < 5


def test_dataset(data: Dataset) -> None:
    assert len(data) == 255
    assert data.vocabulary.names == ("silence", "C4", "E4", "G4")
    assert data.vocabulary.sounding_offset == -12
    assert Counter(r.split for r in data) == {"train": 210, "validation": 45}
    assert Counter(r.condition for r in data if r.take) == {"noisy": 53}


def test_labels(data: Dataset) -> None:
    labels = data.labels
    assert {y.shape for y in labels} == {(666,)}
    everything = np.concatenate(labels)
    assert np.mean(everything == 0) == pytest.approx(0.30, abs=0.01)
    for id_ in ("073", "112", "187"):
        assert not data.pick([id_]).labels[0].any()


def test_tuning_part(data: Dataset) -> None:
    train = data.split("train")
    fit, tune = train.with_tuning_part(seed=0)
    assert sorted(fit.ids + tune.ids) == sorted(train.ids)
    assert 0.10 * len(train) < len(tune) <= 0.15 * len(train) + 1
    assert {r.condition for r in tune} == {"studio", "noisy", "laptop"}
    assert {r.take for r in fit if r.take}.isdisjoint(r.take for r in tune if r.take)

"""The picture of a recording: what is on it, on which axes, at which size."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, MelFeatures
from bayes_a2m.datasets import Recording, load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.reporting import style
from bayes_a2m.reporting.recording import recording_figure

pytestmark = pytest.mark.long

NOTES = (Note(0.5, 1.0, 60), Note(1.2, 1.9, 67))


@pytest.fixture(scope="module")
def extract() -> FeatureExtractor:
    return FeatureExtractor(CQTFeatures())


def sung(seconds: float = 2.0, notes: tuple[Note, ...] | None = NOTES) -> Recording:
    time = np.arange(round(16000 * seconds)) / 16000
    samples = (0.3 * np.sin(2 * np.pi * 130.81 * time)).astype(np.float32)
    return Recording("voice_001", samples=samples, sample_rate=16000, notes=notes)


def test_three_panels_share_one_time_axis(extract: FeatureExtractor) -> None:
    figure = recording_figure(sung(), Vocabulary(), extract)
    wave, spectrum, labels, _ = figure.axes
    assert wave.get_xlim() == spectrum.get_xlim() == labels.get_xlim() == (0.0, 2.0)
    left = {round(axes.get_position().x0, 6) for axes in (wave, spectrum, labels)}
    right = {round(axes.get_position().x1, 6) for axes in (wave, spectrum, labels)}
    assert len(left) == len(right) == 1
    assert labels.get_xlabel() == "time (s)"
    assert [t.get_text() for t in labels.get_yticklabels()] == ["C4", "E4", "G4"]


def test_pitch_axis_stands_where_the_sound_is(extract: FeatureExtractor) -> None:
    figure = recording_figure(sung(), Vocabulary(), extract)
    spectrum = figure.axes[1]
    image = spectrum.images[0]
    low, high = image.get_extent()[2:]
    row = int(np.asarray(image.get_array()).mean(axis=1).argmax())
    rows = np.asarray(image.get_array()).shape[0]
    pitch = low + (row + 0.5) * (high - low) / rows
    assert pitch == pytest.approx(48, abs=0.2)  # 130.81 Hz is C3
    ticks = dict(
        zip(spectrum.get_yticks(), (t.get_text() for t in spectrum.get_yticklabels()), strict=True)
    )
    assert ticks[48] == "C3"


@pytest.mark.parametrize("offset", [0, -12])
def test_labels_are_outlined_where_they_sound(extract: FeatureExtractor, offset: int) -> None:
    figure = recording_figure(sung(), Vocabulary(sounding_offset=offset), extract)
    (outlines,) = figure.axes[1].collections
    boxes = [path.get_extents() for path in outlines.get_paths()]
    assert [(b.x0, b.x1) for b in boxes] == [(n.onset, n.offset) for n in NOTES]
    assert [(b.y0 + b.y1) / 2 for b in boxes] == [n.pitch + offset for n in NOTES]


def test_without_labels_there_is_no_panel_for_them(extract: FeatureExtractor) -> None:
    figure = recording_figure(sung(notes=None), Vocabulary(), extract)
    assert len(figure.axes) == 3  # waveform, spectrum, colour bar
    figure = recording_figure(sung(notes=None), Vocabulary(), extract, NOTES)
    assert len(figure.axes) == 4


def test_no_notes_are_said_to_be_none(extract: FeatureExtractor) -> None:
    figure = recording_figure(sung(notes=()), Vocabulary(), extract)
    assert [t.get_text() for t in figure.axes[2].texts] == ["no notes"]


def test_names_follow_the_vocabulary(extract: FeatureExtractor) -> None:
    vocabulary = Vocabulary(tuple(range(48, 85)), middle_c="C3")
    figure = recording_figure(sung(), vocabulary, extract)
    names = [t.get_text() for t in figure.axes[2].get_yticklabels()]
    assert names[0] == "C2"
    assert len(names) <= 8


@pytest.mark.parametrize("seconds", [0.05, 0.3, 61.0])
def test_any_length(extract: FeatureExtractor, seconds: float, tmp_path: Path) -> None:
    figure = recording_figure(sung(seconds, (Note(0.0, seconds, 60),)), Vocabulary(), extract)
    style.save(figure, tmp_path / "x.png")
    assert np.asarray(figure.axes[1].images[0].get_array()).shape[1] <= 1400
    assert figure.axes[0].get_xlim() == (0.0, seconds)


def test_silence_and_mel(tmp_path: Path) -> None:
    silent = Recording("z", samples=np.zeros(16000, dtype=np.float32), sample_rate=16000)
    figure = recording_figure(silent, Vocabulary(), FeatureExtractor(MelFeatures()))
    style.save(figure, tmp_path / "x.png")


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89")],
)
def test_formats_repeat_byte_for_byte(
    extract: FeatureExtractor, tmp_path: Path, suffix: str, start: bytes
) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / "new" / f"b{suffix}"
    style.save(recording_figure(sung(), Vocabulary(), extract), first)
    style.save(recording_figure(sung(), Vocabulary(), extract), second)
    assert first.read_bytes().startswith(start)
    assert first.read_bytes() == second.read_bytes()


def test_unknown_format_leaves_nothing(extract: FeatureExtractor, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'png'"):
        style.save(style.new_figure(), tmp_path / "x.pgn")
    assert not list(tmp_path.iterdir())


def test_nothing_global_is_changed(extract: FeatureExtractor, tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    style.save(recording_figure(sung(), Vocabulary(), extract), tmp_path / "x.svg")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("pitches", [1, 3, 7, 8, 40, 127])
def test_every_class_has_a_colour_of_its_own(pitches: int) -> None:
    colours = style.class_colours(pitches + 1)
    assert len(colours) == len(set(colours)) == pitches + 1
    assert colours[0] == style.SILENCE


def test_real_recordings_are_drawn_quickly(
    voices: Path, extract: FeatureExtractor, tmp_path: Path
) -> None:
    data = load_folder(voices).pick(["001", "138", "264"])
    style.save(style.new_figure(), tmp_path / "warm.png")
    start = time.process_time()
    for recording in data:
        figure = recording_figure(replace(recording), data.vocabulary, extract)
        style.save(figure, tmp_path / f"{recording.id}.png")
    assert time.process_time() - start < 3 * 2.0  # 0.3 s each on a quiet machine


def test_a_missing_sound_is_bad_input(put: Callable[..., Path], extract: FeatureExtractor) -> None:
    data = load_folder(put("001"))
    path = data[0].path
    assert path is not None
    path.unlink()
    with pytest.raises(InputError, match=r"voice_001.wav"):
        recording_figure(data[0], data.vocabulary, extract)

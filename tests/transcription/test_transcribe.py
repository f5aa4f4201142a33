"""A recording in, notes out, in one call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import bayes_a2m as a2m
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.posteriors.point import Point
from tests import tiny
from tests.cli.command import refused, run

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, tiny.tone(tiny.melody(generator, 3.0), 3.0, generator), tiny.RATE)
    return path


def test_a_file_and_a_fitted_model(tiny_point: Point, tiny_model: Path, song: Path) -> None:
    own, loaded = a2m.transcribe(song, tiny_point), a2m.transcribe(str(song), tiny_model)
    assert own.notes == loaded.notes
    assert own.id == "song"
    assert own.posterior is not None
    with pytest.raises(a2m.InputError, match="no such sound"):
        a2m.transcribe("none.wav", tiny_point)


def test_without_a_model_it_is_the_one_that_ships(song: Path, tmp_path: Path) -> None:
    run("transcribe", song, "--format", "mid", cwd=tmp_path)
    assert (tmp_path / "notes" / "song.mid").is_file()
    found = a2m.transcribe(song)
    assert found.vocabulary.pitches == tuple(range(36, 85))
    line = refused("transcribe", tmp_path / "no_model", song, "-o", tmp_path / "out")
    assert "no such model or sound" in line


def test_another_onset_tolerance(tiny_point: Point, song: Path) -> None:
    strict = a2m.transcribe(song, tiny_point)
    loose = a2m.transcribe(song, tiny_point, onset_tolerance=0.1)
    assert strict.posterior is not None
    assert loose.posterior is not None
    assert (strict.posterior.tolerance, loose.posterior.tolerance) == (0.05, 0.1)
    same = [n.onset for n in strict.notes] == [n.onset for n in loose.notes]
    assert not same or sum(loose.probabilities or ()) > sum(strict.probabilities or ())
    # the expected number of right notes can only grow with what counts as right
    assert loose.posterior.expected_f1 >= strict.posterior.expected_f1 - 1e-6
    with pytest.raises(a2m.InputError, match="must be positive seconds"):
        a2m.transcribe(song, tiny_point, onset_tolerance=0.0)


def test_what_was_counted_at_both_tolerances(tiny_point: Point) -> None:
    calibrator = tiny_point.calibrator
    strict, loose = calibrator.notes_accepted(0.05), calibrator.notes_accepted(0.1)
    assert strict is calibrator.accepted_notes
    assert strict is not None
    assert loose is not None
    right = [(one.accepted - one.wrong)[:, 0].sum() for one in (strict, loose)]
    assert right[1] >= right[0]
    assert calibrator.notes_accepted(0.07) is None


def test_counts_are_of_the_notes_that_are_found(tiny_point: Point) -> None:
    """With the condition where it is known; those of any where nothing else was counted."""
    calibrator = tiny_point.calibrator
    decoder = tiny_point.decoder
    assert isinstance(decoder, NoteDecoder)
    several = any(decoder.model.lag.conditions)
    assert (calibrator.accepted_notes_conditioned is not None) == several
    one, other = (AcceptStatistics.of_outcomes([p], [True]) for p in (0.6, 0.9))
    both = Calibrator(accepted_notes=one, accepted_notes_conditioned=other)
    assert both.notes_accepted(0.05) is one
    assert both.notes_accepted(0.05, conditioned=True) is other
    assert Calibrator(accepted_notes=one).notes_accepted(0.05, conditioned=True) is one


def test_files_of_two_recordings_are_never_one(song: Path, tmp_path: Path) -> None:
    sample = tmp_path / "song_sample_1.wav"
    sample.write_bytes(song.read_bytes())
    line = refused(
        *("transcribe", song, sample, "-o", tmp_path / "out", "--format", "mid", "--samples", "1")
    )
    assert "its song_sample_1.mid would overwrite that of" in line
    assert not (tmp_path / "out").exists()

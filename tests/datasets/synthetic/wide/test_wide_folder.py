"""A folder of wide recordings is one as every other, and the same from the same seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.synthetic.wide import KINDS, write_wide_folder
from bayes_a2m.errors import InputError
from tests.cli.command import refused

pytestmark = pytest.mark.long


def test_it_loads_with_its_notes(tmp_path: Path) -> None:
    write_wide_folder(tmp_path / "one", recordings=3, seconds=1.0, seed=4)
    data = load_folder(tmp_path / "one")
    assert len(data) == 3
    assert data.vocabulary.pitches == tuple(range(36, 85))
    for recording in data:
        truth = json.loads((tmp_path / "one" / "truth" / f"{recording.id}.json").read_text())
        assert truth["kind"] in KINDS
        assert recording.audio(16000).shape == (16000,)
        labelled = [note for note in truth["notes"] if 36 <= note[2] <= 84]
        assert recording.notes is not None
        assert [note.pitch for note in recording.notes] == [note[2] for note in labelled]
    write_wide_folder(tmp_path / "other", recordings=1, seconds=1.0, seed=4)
    first, again = (tmp_path / name / "voice_001.wav" for name in ("one", "other"))
    assert first.read_bytes() == again.read_bytes()


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at least 0\.5 s"):
        write_wide_folder(tmp_path / "short", seconds=0.1)
    with pytest.raises(InputError, match="at least 1"):
        write_wide_folder(tmp_path / "none", recordings=0)
    told = refused("synth", tmp_path / "x", "--wide", "--tempo", "80")
    assert "--tempo: is drawn with --wide" in told

"""The aligned copy of a folder: notes moved, nothing else touched."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.aligned import aligned, write_aligned
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_notes_move_and_originals_stay(put: Callable[..., Path], tmp_path: Path) -> None:
    folder = put("001")
    put("002")
    (folder / "metadata.csv").write_text("id,condition,split,take\n001,a,train,\n002,b,train,\n")
    before = tree(folder)
    out = tmp_path / "aligned"
    assert write_aligned(folder, out, {"001": 0.05}) == 1
    assert tree(folder) == before
    old, new = load_folder(folder), load_folder(out)
    assert [n.onset for n in new[0].notes or ()] == pytest.approx(
        [n.onset + 0.05 for n in old[0].notes or ()], abs=2e-3
    )
    assert new[1].notes == old[1].notes
    assert [r.condition for r in new] == ["a", "b"]
    assert [r.hash for r in new] == [r.hash for r in old]
    for name in ("midi_001.mid", "midi_002.mid"):
        assert (out / "original" / name).read_bytes() == (folder / name).read_bytes()
    with (out / "alignment.csv").open() as file:
        assert [row["moved_ms"] for row in csv.DictReader(file)] == ["50.0", "0.0"]


def test_a_folder_that_stands_or_lies_inside_is_refused(
    put: Callable[..., Path], tmp_path: Path
) -> None:
    folder = put("001")
    for out in (folder, folder / "inside", tmp_path):
        with pytest.raises(InputError, match=r"outside|already"):
            write_aligned(folder, out, {})
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(InputError, match="is there already"):
        write_aligned(folder, tmp_path / "there", {})


def test_ends_cut_by_the_recording_stay_where_they_are() -> None:
    notes = [Note(0.0, 1.0, 60), Note(3.0, 4.0, 64)]
    assert aligned(notes, 0.1, 4.0) == [Note(0.0, 1.1, 60), Note(3.1, 4.1, 64)]
    assert aligned(notes, -0.1, 4.0) == [Note(0.0, 0.9, 60), Note(2.9, 4.0, 64)]


@given(st.floats(0.3, 3.0), st.floats(0.06, 0.5), st.floats(-0.25, 0.25))
def test_there_and_back_inside_a_recording(onset: float, length: float, lag: float) -> None:
    note = Note(onset, onset + length, 60)
    (back,) = aligned(aligned([note], lag, 4.0), -lag, 4.0)
    assert back.onset == pytest.approx(note.onset)
    assert back.offset == pytest.approx(note.offset)

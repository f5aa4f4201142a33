"""Every format that is read, damaged in every way: it is read, or refused in a line."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from tests.fuzz.formats import READERS, apart, whole
from tests.fuzz.test_fuzz import AS_ANYBODY, patience

__all__ = ["whole"]

pytestmark = pytest.mark.slow

OPTIONAL = {"run/.bayes-a2m-run.sha256", "run/ready.json", "features.npy", "model/metrics.json"}
"""What is taken for absent where it is damaged: it is a list, a cache, or is not needed."""

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")

TAKEN = {
    ("data/dataset.yaml", "empty"),
    ("small.yaml", "empty"),
    ("data/voice_001.wav", "huge"),
    ("tuned/study.journal", "empty"),
    ("model/training.csv", "empty"),
    ("model/training.csv", "wrong"),
}
"""What is right all the same: no setting, no trial, sound of the length that it claims, any log."""

NAMED = {"run/.bayes-a2m-run.sha256": "table.md"}
"""What is named in the place of the damaged file: what nobody knows to be ours any more."""

KINDS = ("empty", "cut", "flipped", "wrong", "huge", "unreadable", "pipe", "folder")


def damage(path: Path, kind: str) -> None:
    """Put something else in the place of a file."""
    content = path.read_bytes()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        with path.open("wb") as file:
            file.write(content[:100])
            # a hole takes no room, but sound is looked through for where it goes on
            file.truncate(2**26 if path.suffix in SOUNDS else 2**40)
    elif kind == "unreadable":
        path.write_bytes(content)
        path.chmod(0)
    else:
        wrong = b"PK\x03\x04" if content[:1] in (b"{", b"[") else b'[{"a": [1, null]}]'
        flipped = bytes(b ^ 1 << i % 8 if i % 37 == 5 else b for i, b in enumerate(content))
        cut = content[: len(content) // 2]
        path.write_bytes({"empty": b"", "cut": cut, "flipped": flipped, "wrong": wrong}[kind])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("name", list(READERS))
def test_what_is_damaged_is_refused_in_a_line(name: str, whole: Path, tmp_path: Path) -> None:
    path, said = whole / name, tmp_path / "said"
    if not path.is_file():
        pytest.skip("so small a model has no such part")
    content = path.read_bytes()

    def look(kind: str) -> None:
        if kind == "unreadable" and os.geteuid() == 0:
            exec(AS_ANYBODY, {})
        signal.setitimer(signal.ITIMER_REAL, patience())
        try:
            READERS[name](path)
        except InputError as error:
            line = str(error)
            assert "\n" not in line, line
            assert NAMED.get(name, path.stem) in line, line
        else:
            taken = kind in ("cut", "flipped") or name in OPTIONAL or (name, kind) in TAKEN
            assert taken, "it was read"

    READERS[name](path)
    for kind in KINDS:
        damage(path, kind)
        try:
            assert apart(lambda kind=kind: look(kind), said) == "", kind  # type: ignore[misc]
        finally:
            if path.is_dir():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_bytes(content)

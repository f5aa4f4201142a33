"""Every verb that writes, how it is called, and what is asked of what it leaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tests.world.conftest import World
from tests.zygote import Done

Arguments: TypeAlias = Callable[[World, Path], list[object]]

SMALL_DEMO = """
import functools
import bayes_a2m.demo as demo
from tests import tiny
demo.DemoSettings = functools.partial(
    demo.DemoSettings,
    seconds=2.0,
    experiment="crnn",
    overrides=(*tiny.SMALL, "training.epochs=1"),
    degraded=1,
    severities=(0, 5),
    methods=("laplace",),
    resamples=50,
)
"""
"""Code that makes the demo a small one: all its steps, with a tiny network and one method."""

WRITERS: dict[str, Arguments] = {
    "synth": lambda w, out: ["synth", out / "o", "--recordings", 4, "--seconds", 1],
    "wide": lambda w, out: ["synth", out / "o", "--wide", "--recordings", 2, "--seconds", 1],
    "plot": lambda w, out: ["plot", w.data, "--out", out / "o", "--limit", 3],
    "features": lambda w, out: ["features", w.data, "--out", out / "o.npz"],
    "verify": lambda w, out: ["verify", w.data, "--json", out / "o.json"],
    "transcribe": lambda w, out: [
        *("transcribe", w.model, w.song, "-o", out / "o"),
        *("--format", "mid,csv,json,jsonl,jams,png"),
    ],
    "onnx": lambda w, out: [
        *("transcribe", w.song, "-m", "pretrained", "--engine", "onnx", "-o", out / "o")
    ],
    "export": lambda w, out: ["export", w.model, "--out", out / "o"],
    "evaluate": lambda w, out: [
        *("evaluate", w.model, "--data", w.data),
        *("--json", out / "o.json", "--predictions", out / "o.nc"),
    ],
    "compare": lambda w, out: [
        *("compare", w.model, "--versus", w.model, "--data", w.data, "--json", out / "o.json")
    ],
    "report": lambda w, out: [
        *("report", w.model, "--data", w.data, "--out", out / "o", "--embed-audio", "--worst", 1)
    ],
    "train": lambda w, out: ["train", w.experiment, "--data", w.data, "--out", out / "o"],
    "run": lambda w, out: [
        *("run", w.study, "--data", w.data, "--out", out / "o", "--no-report", "--jobs", 1)
    ],
    "tune": lambda w, out: [
        *("tune", "knn", "--data", w.data, "--out", out / "o", "--trials", 2, "--folds", 1),
        *("--set", "features.bins=84", "--set", "features.bins_per_octave=12"),
    ],
    "audit": lambda w, out: [
        *("audit", w.data, "--experiment", "knn", "--folds", 2, "--show", 1, "--no-sound"),
        *("--out", out / "o"),
    ],
    "demo": lambda w, out: ["demo", "--out", out / "o", "--recordings", 9],  # and SMALL_DEMO
}
"""Every verb that writes, and how it is called."""

QUICK = [name for name in WRITERS if name != "demo"]

SAME_BYTES = ("synth", "wide", "plot", "features", "verify", "transcribe", "onnx")
"""Verbs whose files hold no time or memory that was measured."""

RESUMED = {"train": ("o.partial",), "run": ("o",), "audit": ("o",), "tune": ("o",)}
"""Verbs that keep the state of their trainings to go on from, and where."""

ONCE = ("train", "export")
"""Verbs that make a folder, and refuse one that is there."""

SLOW = ("export", "report", "train", "tune", "run", "audit", "demo")
"""Verbs that take several seconds: they are disturbed as often as :data:`TURNS` says."""

TURNS = int(os.environ.get("BAYES_A2M_WORLD_TURNS", "2"))
"""How often slow verbs are disturbed in the same way."""

PARTLY = ("plot", "transcribe", "onnx", "evaluate", "train", "run")
"""Verbs with several results, each of which is whole and stays when the next is interrupted."""


def turns(verb: str, most: int) -> int:
    """How often a verb is disturbed: as often as is asked, slow ones less often."""
    return min(most, TURNS) if verb in SLOW else most


def code_of(verb: str) -> str:
    """Code that the process runs before the verb."""
    return SMALL_DEMO if verb == "demo" else ""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def said_in_a_line(done: Done, code: int) -> None:
    """One line of ours at the end, and no traceback."""
    assert done.code == code, (done.code, done.stderr)
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert done.last_line.startswith("bayes-a2m: "), done.stderr


def left(folder: Path, verb: str) -> list[str]:
    """What is left in a folder, but for the state that the verb goes on from."""
    kept = RESUMED.get(verb, ())
    return [n for n in names(folder) if not n.startswith(tuple(f"{k}/" for k in kept))]


def assert_same(verb: str, found: Path, wanted: Path) -> None:
    """The same files; the same bytes where nothing in them was measured."""
    assert names(found) == names(wanted)
    if verb in SAME_BYTES:
        mine, theirs = tree(found), tree(wanted)
        assert [
            n for n in mine if mine[n].replace(b"\0", b"") != theirs[n].replace(b"\0", b"")
        ] == []

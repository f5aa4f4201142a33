"""Every file that is read, and the verbs that read it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import soundfile

from bayes_a2m.music import jams, midi
from tests.world.conftest import World
from tests.zygote import Zygote

Call: TypeAlias = Callable[[Path, Path], list[object]]
"""The arguments of the command, given the world and a folder to write to."""

SOUND = Path("data", "voice_001.wav")


def _transcribe(w: Path, o: Path) -> list[object]:
    return ["transcribe", w / "model", w / SOUND, "-o", o, "--format", "mid,csv"]


def _evaluate(w: Path, o: Path) -> list[object]:
    return ["evaluate", w / "model", "--data", w / "data", "--json", o / "m.json"]


def _compare(w: Path, o: Path) -> list[object]:
    return [
        *("compare", w / "model", "--versus", w / "good", "--data", w / "data"),
        *("--json", o / "c.json"),
    ]


def _report(w: Path, o: Path) -> list[object]:
    return [
        *("report", w / "model", "--data", w / "data", "--out", o / "r", "--no-sound"),
        *("--worst", 1),
    ]


def _train_from(w: Path, o: Path) -> list[object]:
    return [
        *("train", w / "laplace.yaml", "--data", w / "data", "--out", o / "m"),
        *("--from", w / "model"),
    ]


def _verify(w: Path, o: Path) -> list[object]:
    return ["verify", w / "data", "--json", o / "v.json"]


def _hear(name: str) -> Call:
    return lambda w, o: ["transcribe", w / "good", w / name, "-o", o, "--format", "mid,csv"]


MODEL_VERBS = (_transcribe, _evaluate, _compare, _train_from)
"""Verbs that load a model; ``report`` does, too, and takes long."""

PARTS = (
    *("config.yaml", "decoder.json", "normalizer.json", "recalibration.json", "seen.json"),
    *("conditions.json", "training.csv", "model.safetensors", "notes.json", "novelty.safetensors"),
    "metrics.json",
)
"""Files of a model directory."""

READERS: dict[str, tuple[Call, ...]] = {
    "data/voice_001.wav": (_verify, _hear("data/voice_001.wav")),
    "data/midi_001.mid": (
        _verify,
        lambda w, o: [*_hear("data/voice_001.wav")(w, o), "--reference", w / "data/midi_001.mid"],
    ),
    "data/metadata.csv": (
        _verify,
        lambda w, o: ["plot", w / "data", "--out", o, "--limit", 1],
    ),
    "data/dataset.yaml": (
        _verify,
        lambda w, o: ["features", w / "data", "--out", o / "f.npz"],
    ),
    **{f"sound.{ending}": (_hear(f"sound.{ending}"),) for ending in ("flac", "ogg", "mp3", "aiff")},
    "sound.m4a": (_hear("sound.m4a"),),
    "small.yaml": (
        lambda w, o: ["train", w / "small.yaml", "--data", w / "nowhere", "--out", o / "m"],
    ),
    "study.yaml": (lambda w, o: ["run", w / "study.yaml", "--out", o / "r", "--data", w / "none"],),
    "decisions.json": (
        lambda w, o: [
            *("train", w / "small.yaml", "--data", w / "data", "--out", o / "m"),
            *("--exclude", w / "decisions.json", "--set", "training.epochs=1"),
        ],
    ),
    "p.nc": (
        lambda w, o: [
            *("report", "--predictions", w / "p.nc", "--data", w / "data"),
            *("--out", o / "r", "--no-sound", "--worst", 1),
        ],
    ),
    "foreign.nc": (
        lambda w, o: [
            *("report", "--predictions", w / "foreign.nc", "--data", w / "data"),
            *("--out", o / "r", "--no-sound", "--worst", 1),
        ],
    ),
    **{
        name: (
            lambda w, o, name=name: [  # type: ignore[misc]
                *("report", "--notes", w / name, "--data", w / "data"),
                *("--out", o / "r", "--no-sound"),
            ],
        )
        for name in ("voice_001.jams", "notes.csv")
    },
    **{f"model/{name}": MODEL_VERBS for name in PARTS},
    "started.partial/last.ckpt": (
        lambda w, o: [
            *("train", w / "small.yaml", "--data", w / "data", "--out", w / "started", "--resume"),
        ],
    ),
}
"""What is damaged, and the verbs that read it."""

WRITTEN = ("started", "started.partial")
"""What the verbs themselves write in the world, and may change."""


@dataclass(frozen=True)
class Origin:
    """A world in which every file of :data:`READERS` is whole."""

    folder: Path

    def copy(self, folder: Path) -> Path:
        """A copy of it that may be damaged."""
        return Path(shutil.copytree(self.folder, folder))


def make_origin(server: Zygote, world: World, folder: Path) -> Origin:
    """A world with all files that are read."""
    shutil.copytree(world.data, folder / "data")
    shutil.copytree(world.model, folder / "good")
    # without checksums, as of version 0.1.0: its readers stand alone
    shutil.copytree(
        world.model, folder / "model", ignore=shutil.ignore_patterns("checksums.sha256")
    )
    shutil.copy(world.experiment, folder / "small.yaml")
    shutil.copy(world.study, folder / "study.yaml")
    (folder / "data" / "dataset.yaml").write_text("pitches: [60, 64, 67]\nname: tones\n")
    (folder / "laplace.yaml").write_text("base: small.yaml\nposterior: {name: laplace}\n")
    (folder / "decisions.json").write_text(
        '{"format_version": 1, "decisions": {"003": {"decision": "exclude", "note": "late"}}}'
    )
    notes = midi.read(folder / "data" / "midi_001.mid")
    jams.write(folder / "voice_001.jams", notes, duration=1.2, title="voice_001")
    rows = [f"001,{n.onset},{n.offset},{n.pitch},0.9" for n in notes]
    (folder / "notes.csv").write_text(
        "\n".join(["recording,onset,offset,pitch,confidence", *rows]) + "\n"
    )
    samples, rate = soundfile.read(world.song)
    for ending in ("flac", "ogg", "mp3", "aiff"):
        soundfile.write(folder / f"sound.{ending}", samples, rate)
    (folder / "sound.m4a").write_bytes(b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0" * 9)
    predictions = ("--predictions", folder / "p.nc")
    done = server.run("evaluate", world.model, "--data", world.data, *predictions)
    assert done.code == 0, done.stderr
    content = (folder / "p.nc").read_bytes()
    (folder / "foreign.nc").write_bytes(content[: content.rindex(b"\nbayes-a2m sha256 ")])
    started = ("train", folder / "small.yaml", "--data", folder / "data", "--out")
    killed = (
        "import bayes_a2m.training.fit as fit, os\n"
        "fit.best_weights = lambda *a: os.kill(os.getpid(), 9)"
    )
    assert server.run(*started, folder / "started", code=killed).code == -9
    (folder / ".started.lock").unlink()
    return Origin(folder)

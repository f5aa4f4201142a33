"""Every format that is read, what reads it, and a folder in which every file is whole."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import soundfile

from bayes_a2m import registry
from bayes_a2m.audio import io
from bayes_a2m.audio.store import _mapped
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.verify import verify
from bayes_a2m.evaluation import EvaluationResults, evaluate
from bayes_a2m.files import OutputFolder
from bayes_a2m.files.output import _ready
from bayes_a2m.files.tensors import read_tensors, write_tensors
from bayes_a2m.label_audit.decisions import Decision, Decisions
from bayes_a2m.models import load_model
from bayes_a2m.models.loading import pretrained_directory
from bayes_a2m.music import jams, midi
from bayes_a2m.music.scored_notes import read_table
from bayes_a2m.prediction.netcdf_files import read_netcdf
from bayes_a2m.runtime.model import RuntimeModel
from bayes_a2m.studies.study import load_study
from bayes_a2m.training.callbacks import read_checkpoint
from bayes_a2m.tuning.runner import run_trials
from bayes_a2m.tuning.space import Parameter, Space, load_space
from bayes_a2m.tuning.study import Search, open_search
from tests import tiny
from tests.fuzz.test_fuzz import MEMORY
from tests.studies import small

KNN = ("features.bins=84", "features.bins_per_octave=12", "posterior.stored=200")
"""A small model of stored frames."""

resource = pytest.importorskip("resource")  # Windows has none

Read = Callable[[Path], Any]


def _journal(path: Path) -> Search:
    """The study of a search, opened and looked through."""
    space = Space(parameters={"x": Parameter(low=0, high=1)})
    found = open_search(path.parent, space, first=[{"x": 0.5}], inputs={"fit": 1})
    _ = found.best, found.count("COMPLETE")
    return found


READERS: dict[str, Read] = {
    "data/voice_001.wav": io.sound,
    "data/midi_001.mid": midi.read,
    "data/metadata.csv": lambda path: (verify(path.parent), load_folder(path.parent)),
    "data/dataset.yaml": lambda path: (verify(path.parent), load_folder(path.parent)),
    "x.flac": io.sound,
    "x.ogg": io.sound,
    "x.mp3": io.sound,
    "small.yaml": load_experiment,
    "study/small.yaml": load_study,
    "decisions.json": Decisions.load,
    "scores.npz": Scored.load,
    "p.nc": read_netcdf,
    "x.safetensors": lambda path: read_tensors(path, "tensors", "make them again"),
    "x.ckpt": read_checkpoint,
    "model/metrics.json": EvaluationResults.read,
    **{
        f"model/{name}": lambda path: load_model(path.parent)
        for name in (
            *("config.yaml", "decoder.json", "normalizer.json", "recalibration.json"),
            *("seen.json", "conditions.json", "training.csv", "model.safetensors"),
            *("notes.json", "novelty.safetensors"),
        )
    },
    **{
        f"pretrained/{name}": lambda path: load_model(path.parent)
        for name in ("prior.safetensors", "novelty.safetensors")
    },
    **{
        f"pretrained/{name}": lambda path: RuntimeModel.load(path.parent)
        for name in ("runtime.json", "network.onnx")
    },
    "laplace/model.safetensors": lambda path: load_model(path.parent),
    "knn/model.safetensors": lambda path: load_model(path.parent),
    "tuned/study.journal": _journal,
    "space.yaml": lambda path: load_space(path, load_experiment("knn")),
    "voice_001.jams": jams.read,
    "notes.csv": read_table,
    "features.npy": _mapped,
    "run/.bayes-a2m-run.sha256": lambda path: OutputFolder(path.parent, "run").check(["table.md"]),
    "run/ready.json": _ready,
}
"""Files, and what reads them."""


@pytest.fixture(scope="module")
def whole(tiny_folder: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every file is whole."""
    import shutil

    import torch
    import yaml

    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(tiny_folder, folder / "data")
    (folder / "data" / "dataset.yaml").write_text("pitches: [60, 64, 67]\nname: tones\n")
    tiny.copy_to_change(tiny_model, folder / "model")
    samples = np.sin(np.arange(8000) / 7).astype(np.float32) / 2
    for ending in ("flac", "ogg", "mp3"):
        soundfile.write(folder / f"x.{ending}", samples, 16000)
    (folder / "small.yaml").write_text(
        yaml.safe_dump({"base": "crnn", "network": {"name": "crnn", "hidden": 8}, "seed": 3})
    )
    (folder / "study").mkdir()
    small.write(folder / "study", {"few": small.neighbours(1)})
    Decisions({"003": Decision("exclude", "late")}).save(folder / "decisions.json")
    model, data = load_model(tiny_model), load_folder(tiny_folder).split("validation")
    result = evaluate(model, data, predictions=folder / "p.nc")
    Scored.of(result).save(folder / "scores.npz")
    from bayes_a2m.evaluation import results_of

    results_of(result).write(folder / "model" / "metrics.json")
    write_tensors(folder / "x.safetensors", {"a": torch.arange(9.0)}, {"log": "x"})
    shutil.copytree(
        pretrained_directory(),
        folder / "pretrained",
        ignore=shutil.ignore_patterns("checksums.sha256"),
    )
    fit, tune = load_folder(tiny_folder).split("train").with_tuning_part(0.2)
    for name, settings in (("laplace", tiny.SMALL), ("knn", KNN)):
        experiment = load_experiment(name, settings)
        kind: Any = registry.get("posteriors", experiment.posterior.name)
        started = {"start": model} if name == "laplace" else {}
        kind.of_experiment(experiment).fit(fit, tune, **started).save(folder / name)
        (folder / name / "checksums.sha256").unlink()
    search = _journal(folder / "tuned" / "study.journal")
    run_trials(search, lambda trial, values: float(values["x"]), 2)
    (folder / "space.yaml").write_text("parameters:\n  posterior.components: {choices: [15, 30]}\n")
    notes = midi.read(folder / "data" / "midi_001.mid")
    jams.write(folder / "voice_001.jams", notes, duration=1.2, title="voice_001")
    (folder / "notes.csv").write_text("onset,offset,pitch,confidence\n0.1,0.5,60,0.9\n")
    np.save(folder / "features.npy", np.ones((5, 12), dtype=np.float32))
    with OutputFolder(folder / "run", "run").replacing() as new:
        (new / "table.md").write_text("table")
    (folder / "run" / "ready.json").write_text('{"verb": "run", "obsolete": ["a"]}')
    torch.save({"state_dict": {"a": torch.arange(9.0)}, "epoch": 1}, folder / "x.ckpt")
    return folder


def apart(call: Callable[[], None], said: Path) -> str:
    """Run in a process with bounded memory; what went wrong, or nothing."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY,) * 2)
            signal.signal(signal.SIGALRM, _too_long)
            call()
            code = 0
        except BaseException:  # noqa: BLE001 - the process is over
            said.write_text(traceback.format_exc()[-4000:])
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status == 0:
        return ""
    words = said.read_text() if said.exists() else "no word of it"
    return f"ended with {os.waitstatus_to_exitcode(status)}: {words}"


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError("the reader does not end")

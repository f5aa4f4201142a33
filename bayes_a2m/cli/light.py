"""``bayes-a2m transcribe`` with few imports: of exported models, and where torch is not installed.

The options are those of :mod:`bayes_a2m.cli.transcribe` that need neither torch nor matplotlib;
with any other, and where all is installed, that verb does it.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bayes_a2m.errors import InputError
from bayes_a2m.escape import printable

if TYPE_CHECKING:
    from bayes_a2m.datasets.recording import Recording
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.runtime.model import RuntimeModel
    from bayes_a2m.transcription import FileSettings

FORMATS = ("mid", "csv", "jsonl", "jams")
"""Files that are written without matplotlib."""

DEFAULT = "mid,csv"

NOT_LISTENED = (
    "whether other pitches are sung than the model knows is not looked at with --engine onnx"
)

ALL_PITCHES = 49
"""Pitches of the model that ships: beside one of fewer, the other verb listens with it."""

NEVER = 2.0
"""A probability that nothing has: nothing is accepted."""


class _Parser(ArgumentParser):
    """Parser whose errors are those of the other verbs."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (bayes-a2m transcribe --help shows what there is)")


def make_parser() -> ArgumentParser:
    """The options."""
    parser = _Parser(
        prog="bayes-a2m transcribe",
        description="Transcribe recordings into notes that know how sure they are.",
        allow_abbrev=False,
    )
    parser.add_argument("audio", metavar="AUDIO", nargs="+", type=Path, help="sound, or folders")
    parser.add_argument(
        "-m", "--model", type=Path, help="an exported model; pretrained unless given"
    )
    parser.add_argument("-o", "--out", metavar="OUT_DIR", type=Path, default=Path("notes"))
    parser.add_argument("--engine", choices=["auto", "onnx"], default="auto")
    parser.add_argument("--draws", type=int, default=30, help="for models that draw")
    parser.add_argument("--format", dest="formats", help=f"any of {','.join(FORMATS)}")
    parser.add_argument("--accept-error", metavar="SHARE", type=float)
    parser.add_argument("--samples", metavar="N", type=int, default=0)
    parser.add_argument("--transpose", metavar="N", type=int, default=0)
    parser.add_argument("--tempo", metavar="BPM", type=float, default=120.0)
    parser.add_argument("--velocity", choices=["loudness", "confidence"], default="loudness")
    parser.add_argument("--force", action="store_true", help="replace what is in the way")
    return parser


def parted(paths: list[Path], model: Path | None) -> tuple[Path, list[Path]]:
    """The model and the sound among the arguments: a model directory may stand first."""
    from bayes_a2m.runtime.location import PRETRAINED

    if model is not None:
        return model, paths
    first, rest = paths[0], paths[1:]
    if any(
        (first / name).exists() for name in ("config.yaml", "model.safetensors", "runtime.json")
    ):
        if not rest:
            raise InputError(f"{first}: is a model; name the sound files to transcribe")
        return first, rest
    if not first.exists() and rest:
        raise InputError(f"{first}: no such model or sound")
    return Path(PRETRAINED), paths


def serves(arguments: Sequence[str]) -> bool:
    """Whether the verb and its options are served here."""
    words = [word for word in arguments if word != "--debug"]
    if find_spec("typer") is None:
        return True
    asked = any(a == "--engine" and b == "onnx" for a, b in pairwise(words))
    if words[:1] != ["transcribe"] or not (asked or "--engine=onnx" in words):
        return False
    if {"-h", "--help"} & set(words):
        return False
    try:
        options, unknown = make_parser().parse_known_args(words[1:])
    except InputError:  # told by the other verb
        return False
    if options.formats is None and find_spec("matplotlib") is not None:
        return False  # a picture is written, too
    formats = _formats(options.formats or DEFAULT)
    return not unknown and all(name in FORMATS for name in formats) and options.samples >= 0


def run(arguments: Sequence[str]) -> int:
    """Run the verb; the exit code.

    Raises
    ------
    InputError
        If another verb is asked for than can be served, or a recording cannot be transcribed.
    """
    words = [word for word in arguments if word != "--debug"]
    if words == ["--version"]:
        from bayes_a2m.version import __version__

        sys.stdout.write(f"bayes-a2m {__version__}\n")
        return 0
    if words[:1] in (["--help"], ["-h"]):
        words = ["transcribe", "--help"]
    if words[:1] != ["transcribe"]:
        raise InputError(
            f"{words[0]}: needs all that the package depends on; pip install bayes_a2m (only "
            "transcribe works with requirements-onnx.txt alone)"
        )
    return _transcribe(make_parser().parse_args(words[1:]))


def _transcribe(options: Namespace) -> int:
    from bayes_a2m.audio.io import find
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.music import midi
    from bayes_a2m.transcription import FileSettings, file_names
    from bayes_a2m.transcription.engine import load

    options.model, options.audio = parted(options.audio, options.model)
    formats = _formats(options.formats or DEFAULT)
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"--format {name}: not known without matplotlib; {','.join(FORMATS)}")
    if options.draws < 1 or options.samples < 0:
        raise InputError("--draws must be at least 1, and --samples not below 0")
    settings = FileSettings(options.transpose, options.tempo, False, options.samples)
    midi.ensure_tempo(options.tempo)
    paths = find(options.audio)
    stems = [path.stem for path in paths]
    for path in paths:
        if stems.count(path.stem) > 1:
            raise InputError(
                f"{path}: two recordings have this name; give each a folder of its own"
            )
    if options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out}: is a file; -o names a folder")
    output = OutputFolder(options.out, "transcribe", force=options.force)
    output.check(name for stem in stems for name in file_names(stem, 0.0, formats, settings))
    model = load(options.model, "onnx" if find_spec("torch") is None else options.engine)
    if len(model.vocabulary.pitches) < ALL_PITCHES:
        _say(f"caution: {NOT_LISTENED}")
    if (unknown := model.unknown_conditions()) is not None:
        _say(f"caution: {options.model}: {unknown}")
    threshold = None
    if options.accept_error is not None:
        threshold = _threshold(model, options.accept_error)
    failed = []
    for path in paths:
        try:
            words = _write(model, path, options, settings, formats, threshold, output)
        except InputError as error:  # one bad file does not stop the others
            failed.append(str(error))
        else:
            _say(f"{path}: {words}")
    for message in failed[:-1]:
        _say(f"bayes-a2m: {message}")
    if failed:
        raise InputError(failed[-1])
    sys.stdout.write(f"{options.out}\n")
    return 0


def _write(
    model: Posterior | RuntimeModel,
    path: Path,
    options: Namespace,
    settings: FileSettings,
    formats: Sequence[str],
    threshold: float | None,
    output: OutputFolder,
) -> str:
    """Transcribe a recording and write its files; what to say of it."""
    from bayes_a2m.transcription import TranscribedRecording, transcription_of, write_files
    from bayes_a2m.transcription.summary import doubtful_words

    recording = _read(path, model.grid.sample_rate)
    unlike = model.unlike(recording)
    posterior, notes = transcription_of(
        model,
        recording,
        draws=options.draws,
        threshold=NEVER if unlike else threshold,
        velocity=options.velocity,
    )
    one = TranscribedRecording(model, recording, posterior, notes, tuple(unlike))
    with output.adding() as new:
        write_files(one, new, formats=formats, settings=settings)
    for repair in recording.repairs:
        _say(f"{path}: {repair.message}")
    if unlike:
        _say(f"{path}: {'; '.join(unlike)}: nothing is promised, and every note is doubtful")
    words = [doubtful_words(notes, transpose=settings.transpose), one.forecast]
    return "; ".join(word for word in words if word)


def _read(path: Path, rate: int) -> Recording:
    """The recording with its sound in memory, for it is asked for several times."""
    from bayes_a2m.audio import io
    from bayes_a2m.datasets.recording import Recording

    sound = io.sound(path, rate)
    recording = Recording(path.stem, samples=sound.samples, sample_rate=rate)
    recording.__dict__["repairs"] = sound.repairs
    return recording


def _threshold(model: Posterior | RuntimeModel, error: float) -> float:
    """The probability from which a note is accepted; says what is promised."""
    from bayes_a2m.calibration.note_acceptance import note_threshold

    if not 0 < error < 1:
        raise InputError(f"--accept-error {error:g}: must lie between 0 and 1")
    found = note_threshold(model.calibrator.accepted_notes, error)
    _say(f"--accept-error {error:g}: threshold {found.threshold:.2f}; {found.words}")
    return found.threshold


def _formats(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))


def _say(message: str) -> None:
    sys.stderr.write(printable(message) + "\n")

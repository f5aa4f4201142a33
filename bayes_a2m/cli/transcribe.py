"""``bayes-a2m transcribe``: sound into notes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.cli.options import Force, Json, Quiet
from bayes_a2m.cli.output import Output
from bayes_a2m.cli.transcribe_options import (
    AcceptError,
    Audio,
    Bends,
    CheckPitches,
    Condition,
    Draws,
    Formats,
    Highest,
    Key,
    Lowest,
    Model,
    ModelEngine,
    OnsetTolerance,
    Out,
    Pitches,
    Reference,
    Samples,
    Tempo,
    Transpose,
    Velocity,
)

if TYPE_CHECKING:
    from bayes_a2m.calibration.note_acceptance import NoteThreshold
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.runtime.model import RuntimeModel
    from bayes_a2m.transcription import FileSettings, TranscribedRecording
    from bayes_a2m.transcription.record import TranscribedFile

NEVER = 2.0
"""A probability that nothing has: nothing is accepted."""

LONGEST_INTONATION = 600.0
"""Seconds of a recording above which its pitch is not followed only to say a sentence about it."""


def transcribe(
    audio: Audio,
    model: Model = None,
    out: Out = Path("notes"),
    draws: Draws = 30,
    formats: Formats = "mid,csv,png",
    reference: Reference = None,
    accept_error: AcceptError = None,
    onset_tolerance: OnsetTolerance = None,
    condition: Condition = None,
    pitches: Pitches = None,
    lowest: Lowest = None,
    highest: Highest = None,
    key: Key = None,
    samples: Samples = 0,
    transpose: Transpose = 0,
    tempo: Tempo = 120.0,
    bends: Bends = False,
    velocity: Velocity = "loudness",
    check_pitches: CheckPitches = True,
    engine: ModelEngine = "auto",
    force: Force = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Transcribe recordings into notes that know how sure they are.

    Any format, rate, length and number of channels. For AUDIO song.wav the
    files are OUT_DIR/song.mid (doubtful notes on a track of their own, the
    probability of each as a text), song.jams, song.csv and song.jsonl (every
    note with its probability, the intervals of its times, and what else it
    might be), song.png (spectrum, probabilities, a piano roll; longer ones on
    pages), song.html (all that on a page, to listen to), and song.wav (the
    recording left, its notes right); song.json has all that is known of the
    recording and its notes in one object, its tuning too.

    A note's probability is that of "a note of this pitch with its onset
    within 50 ms"; --onset-tolerance 0.1 takes 100 ms, as people who label
    sung notes agree. --accept-error 0.05 marks the notes to doubt, so that at
    most 5 % of the others are wrong in recordings like those the model was
    tuned on, and names them; where nothing can be promised, it says so.

    Examples:

        bayes-a2m transcribe song.wav

        bayes-a2m transcribe song.wav --lowest C3 --highest C5 --key "A minor"

        bayes-a2m transcribe song.wav --pitches C4,E4,G4

        bayes-a2m transcribe song.wav -m models/crnn

        bayes-a2m transcribe song.wav -m models/crnn --accept-error 0.05

        bayes-a2m transcribe song.wav -m models/crnn --accept-error 0.05 --onset-tolerance 0.1

        bayes-a2m transcribe takes/ -m models/crnn -o notes --format mid,jams,csv

        bayes-a2m transcribe song.wav -m models/crnn --format html --reference by_hand.mid

        bayes-a2m transcribe song.wav -m models/crnn --format mid --tempo 96 --bends

        bayes-a2m transcribe song.wav -m models/crnn --samples 20

        bayes-a2m transcribe song.wav -m models/crnn --condition laptop

        bayes-a2m transcribe song.wav -m models/crnn --no-check-pitches

        bayes-a2m transcribe song.wav --engine onnx
    """
    from bayes_a2m.audio.io import find
    from bayes_a2m.cli.light import NOT_LISTENED, parted
    from bayes_a2m.datasets import Recording
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.music import midi
    from bayes_a2m.transcription import (
        FileSettings,
        TranscribedRecording,
        transcription_of,
        write_files,
    )
    from bayes_a2m.transcription.engine import load
    from bayes_a2m.transcription.other_pitches import PitchListener
    from bayes_a2m.transcription.pitch_choice import PitchChoice
    from bayes_a2m.transcription.record import TranscribeRecord
    from bayes_a2m.version import __version__

    console = Output(quiet, json_file)

    model, audio = parted(audio, model)
    wanted = _formats(formats)
    settings = FileSettings(transpose, tempo, bends, samples)
    choice = PitchChoice.of(pitches, lowest, highest, key)
    midi.ensure_tempo(tempo)
    paths = find(audio)
    _refuse_same_names(paths)
    if reference is not None and len(paths) != 1:
        raise InputError(f"--reference goes with one AUDIO, not {len(paths)}")
    known = midi.read(reference) if reference is not None else None
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; -o names a folder")
    if reference is not None:
        _refuse_overwriting(reference, out, _names(paths[0], wanted, settings))
    output = OutputFolder(out, "transcribe", force=force)
    names = {path: _names(path, wanted, settings) for path in paths}
    _refuse_same_files(names)
    output.check(name for own in names.values() for name in own)
    fitted = load(model, engine)
    known_pitches = fitted.vocabulary
    if choice is not None:
        known_pitches = choice.vocabulary(known_pitches)
    if fitted.viterbi is fitted.decoder:
        _tell_no_probabilities(console, model, samples, onset_tolerance)
    if (unknown := fitted.unknown_conditions()) is not None:
        console.warn(f"caution: {model}: {unknown}")
    if condition is not None:
        _refuse_unmet(fitted, condition, str(model))
    if onset_tolerance is not None and not 0 < onset_tolerance <= 1:
        raise InputError(f"--onset-tolerance {onset_tolerance:g}: seconds above 0, at most 1")
    threshold = (
        None
        if accept_error is None
        else _threshold(console, fitted, accept_error, str(model), onset_tolerance, bool(condition))
    )
    failed: list[str] = []
    told: list[TranscribedFile] = []
    listener = PitchListener()
    check_pitches = check_pitches and listener.knows_more_than(fitted.vocabulary)
    if check_pitches and engine == "onnx":
        console.warn(f"caution: {NOT_LISTENED}")
        check_pitches = False
    with console.bar("transcribing") as update:
        for done, path in enumerate(paths):
            try:
                recording = Recording(
                    path.stem,
                    path=path,
                    notes=None if known is None else tuple(known),
                    condition=condition or "",
                )
                unlike = fitted.unlike(recording)
                check = listener.check(recording, known_pitches) if check_pitches else None
                unlike += check.differences() if check is not None else []
                posterior, notes = transcription_of(
                    fitted,
                    recording,
                    draws=draws,
                    threshold=NEVER if unlike else threshold,
                    velocity=velocity,
                    choice=choice,
                    check=check,
                    onset_tolerance=onset_tolerance,
                )
                one = TranscribedRecording(
                    fitted, recording, posterior, notes, tuple(unlike), choice, check
                )
                with output.adding() as new:
                    write_files(one, new, formats=wanted, settings=settings)
                if json_file is not None:
                    files = [str(out / name) for name in _names(path, wanted, settings)]
                    told.append(_told(one, path, files, transpose))
                words = _words(one, settings, marked=bool(notes.doubtful) and not unlike)
            except Exception as error:  # one bad file does not stop the others
                if not isinstance(error, InputError) and "--debug" in sys.argv:
                    raise
                known_error = isinstance(error, InputError)
                failed.append(str(error) if known_error else f"{path}: unexpected {error!r}")
            else:
                for repair in recording.repairs:
                    console.say(f"{path}: {repair.message}")
                if unlike:
                    console.warn(f"{path}: {_withdrawn(unlike)}")
                console.say(f"{path}: {words}")
            update(done + 1, len(paths))
    console.write(
        TranscribeRecord(version=__version__, model=str(model), recordings=told, failed=failed)
    )
    if failed:
        for message in failed[:-1]:
            console.warn(f"bayes-a2m: {message}")
        raise InputError(failed[-1])
    console.echo(str(out))


def _refuse_overwriting(reference: Path, out: Path, names: list[str]) -> None:
    """Refuse a reference that one of the files to write would take the place of."""
    from bayes_a2m.errors import InputError
    from bayes_a2m.files.atomic import real_path

    if real_path(reference) in {real_path(out / name) for name in names}:
        raise InputError(f"{reference}: the transcription would overwrite it; name another -o")


def _tell_no_probabilities(
    console: Output, model: Path, samples: int, onset_tolerance: float | None
) -> None:
    """Say that a model's notes have no probabilities; refuse what needs them."""
    from bayes_a2m.errors import InputError

    for option, asked in (("onset-tolerance", onset_tolerance is not None), ("samples", samples)):
        if asked:
            raise InputError(f"--{option}: {model} knows no probabilities of notes; train it again")
    console.say(
        f"{model}: was trained before notes had probabilities: those of its frames are given "
        "instead; train it again"
    )


def _told(
    one: TranscribedRecording, path: Path, files: list[str], transpose: int
) -> TranscribedFile:
    """What ``--json`` says of a recording."""
    from bayes_a2m.transcription.json_lines import note_objects
    from bayes_a2m.transcription.record import TranscribedFile

    notes = note_objects(one.transcription, transpose=transpose, intonation=one.intonation)
    return TranscribedFile(audio=str(path), notes=notes, unlike=list(one.unlike), files=files)


def _refuse_unmet(model: Posterior | RuntimeModel, condition: str, name: str) -> None:
    """Refuse a condition of which the model's notes know nothing."""
    from bayes_a2m.decoding.note_decoder import NoteDecoder
    from bayes_a2m.errors import InputError, suggest

    decoder = model.decoder
    met = [c for c in decoder.model.lag.conditions if c] if isinstance(decoder, NoteDecoder) else []
    if not met:
        raise InputError(f"--condition {condition}: {name} was not trained on several conditions")
    if condition not in met:
        raise InputError(
            f"--condition {condition}: {name} has not met it{suggest(condition, met)}; "
            f"it knows {', '.join(met)}"
        )


def _threshold(
    console: Output,
    model: Posterior | RuntimeModel,
    error: float,
    name: str,
    tolerance: float | None,
    conditioned: bool,
) -> float:
    """The probability that keeps the error rate; says what is promised."""
    from bayes_a2m.calibration.note_acceptance import note_threshold
    from bayes_a2m.decoding.note_posterior import TOLERANCE
    from bayes_a2m.errors import InputError

    if not 0 < error < 1:
        raise InputError(f"--accept-error {error:g}: must lie between 0 and 1")
    if model.viterbi is model.decoder:
        return _frame_threshold(console, model, error, name)
    counts = model.calibrator.notes_accepted(tolerance or TOLERANCE, conditioned=conditioned)
    if counts is None and model.calibrator.accepted_notes is not None:
        raise InputError(
            f"--accept-error {error:g} --onset-tolerance {tolerance:g}: {name} was not counted at "
            "this tolerance when it was trained; 0.05 and 0.1 are, by models of this version"
        )
    found = note_threshold(counts, error)
    console.say(f"--accept-error {error:g}: {_promise(found)}")
    return found.threshold


def _promise(found: NoteThreshold) -> str:
    if found.promised:
        return f"notes of probability {found.threshold:.2f} and more are accepted: {found.words}"
    return f"notes of probability below {found.threshold:.2f} are doubtful; {found.words}"


def _frame_threshold(
    console: Output, model: Posterior | RuntimeModel, error: float, name: str
) -> float:
    """The confidence of frames that keeps the error rate, for models without notes."""
    from bayes_a2m.calibration.selective import accept
    from bayes_a2m.errors import InputError
    from bayes_a2m.evaluation import ACCEPT_CONFIDENCE

    counts = model.calibrator.accepted
    if counts is None:
        raise InputError(f"{name}: was trained before --accept-error was; train it again")
    found = accept(counts, error, confidence=ACCEPT_CONFIDENCE, resamples=1)
    if found.threshold > 1:
        raise InputError(f"--accept-error {error:g}: {found.promise}")
    if found.threshold <= 1 / len(model.vocabulary):  # no confidence is ever lower
        console.say(
            f"--accept-error {error:g}: every frame would be accepted, for on the tuning split all "
            "of them together are wrong less often: nothing is marked by it, and nothing promised"
        )
    else:
        console.say(
            f"frames of confidence {found.threshold:.3f} and more are accepted: {found.promise}"
        )
    return found.threshold


def _withdrawn(unlike: list[str]) -> str:
    """That a recording is none of those that the model learned from, and what follows."""
    return (
        f"{'; '.join(unlike)}: what the model says of its confidence was not learned on such "
        "recordings, so nothing is promised, and every note is doubtful"
    )


def _words(one: TranscribedRecording, settings: FileSettings, *, marked: bool) -> str:
    """The notes, the doubtful ones by name, and how they were intoned."""
    from bayes_a2m.transcription.summary import doubtful_words

    notes = one.transcription
    if marked:
        words = [doubtful_words(notes, transpose=settings.transpose)]
    else:
        count = len(notes.notes)
        words = [f"{count or 'no'} {'note' if count == 1 else 'notes'}"]
    if one.check is not None and any(share >= 0.5 for share in notes.other_pitch):
        words.append(one.check.words)
    words.append(one.forecast)
    if one.recording.duration <= LONGEST_INTONATION:
        words.append(one.intonation.words)
        words.append("" if one.reference_pitch is None else one.reference_pitch.words)
    return "; ".join(word for word in words if word)


def _names(path: Path, formats: tuple[str, ...], settings: FileSettings) -> list[str]:
    """The files of a recording; those of one that cannot be read as if it were short."""
    from bayes_a2m.audio.io import info
    from bayes_a2m.errors import InputError
    from bayes_a2m.transcription import file_names

    try:
        duration = info(path).duration if "png" in formats else 0.0
    except InputError:
        duration = 0.0  # what is wrong with it is said when it is its turn
    return file_names(path.stem, duration, formats, settings)


def _formats(text: str) -> tuple[str, ...]:
    from bayes_a2m.errors import InputError, suggest
    from bayes_a2m.transcription import FORMATS

    formats = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    for name in formats:
        if name not in FORMATS:
            hint = suggest(name, FORMATS)
            raise InputError(f"--format {name}: unknown{hint}; known: {','.join(FORMATS)}")
    return formats


def _refuse_same_files(names: Mapping[Path, list[str]]) -> None:
    """Refuse recordings of other names of which some file would have the same one."""
    from bayes_a2m.errors import InputError

    by_file: dict[str, Path] = {}
    for path, own in names.items():
        for name in own:
            if (other := by_file.setdefault(name, path)) != path:
                raise InputError(
                    f"{path}: its {name} would overwrite that of {other}; transcribe them into "
                    "different folders"
                )


def _refuse_same_names(paths: list[Path]) -> None:
    from bayes_a2m.errors import InputError

    by_name: dict[str, Path] = {}
    for path in paths:
        if path.stem in by_name:
            raise InputError(
                f"{path}: its notes would overwrite those of {by_name[path.stem]}; transcribe them "
                "into different folders"
            )
        by_name[path.stem] = path

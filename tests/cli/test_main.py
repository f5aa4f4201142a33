"""The command from outside: what it prints, exits with, and leaves behind."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import jsonschema
import numpy as np
import pretty_midi
import pytest
import soundfile

from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.datasets import Dataset
from bayes_a2m.files import read_json
from bayes_a2m.music import jams
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.version import __version__
from tests import tiny
from tests.cli.command import refused, run, run_new

SCHEMA = Path(__file__).parents[2] / "bayes_a2m" / "schemas" / "metrics.json"


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine seconds of tones, longer than a window."""
    generator = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, tiny.tone(tiny.melody(generator, 9.0), 9.0, generator), tiny.RATE)
    return path


def test_help_is_quick_to_load_and_names_every_verb() -> None:
    done = run_new("--help")
    assert done.returncode == 0
    verbs = "demo synth verify plot features train evaluate compare report audit run tune networks"
    for verb in (*verbs.split(), "store", "export", "transcribe"):
        assert verb in done.stdout
        shown = run(verb, "--help")
        assert shown.returncode == 0
        assert "Examples:" in shown.stdout


def test_help_lists_what_ships_and_the_version_is_told() -> None:
    assert "crnn, demo, distilled, ensemble" in " ".join(run("train", "--help").stdout.split())
    assert "methods, one_vs_two_stage" in " ".join(run("run", "--help").stdout.split())
    assert run("--version").stdout == f"bayes-a2m {__version__}\n"


def test_words_can_be_completed() -> None:
    environment = {"_BAYES_A2M_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "bayes_a2m"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True,
        env={**os.environ, **environment, "COMP_WORDS": "bayes-a2m tr"},
    )  # fmt: skip
    assert done.stdout.split() == ["train", "transcribe"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from bayes_a2m.cli.main import make_app; make_app();"
        "print([m for m in ('torch', 'librosa', 'matplotlib', 'lightning', 'scipy', 'numpy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_transcribing_imports_only_torch_and_numba(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; sys.argv = ['bayes-a2m', *sys.argv[1:]]\n"
        "from bayes_a2m.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print([m for m in ('librosa', 'lightning', 'sklearn', 'xarray', 'pandas', 'mir_eval') "
        "if m in sys.modules])"
    )
    arguments = ["transcribe", str(tiny_model), str(song), "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_from_a_folder_to_notes(tiny_folder: Path, song: Path, tmp_path: Path) -> None:
    model, notes = tmp_path / "model", tmp_path / "notes"
    overrides = [part for s in tiny.SMALL for part in ("--set", s)]
    done = run("train", "crnn", "--data", tiny_folder, "--out", model, *overrides, "--seed", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(model)
    names = {p.name for p in model.iterdir()}
    assert {"model.safetensors", "config.yaml", "training.png", "metrics.json"} <= names
    assert "seed: 3" in (model / "config.yaml").read_text()
    assert not (tmp_path / "model.partial").exists()

    metrics, predictions = tmp_path / "metrics.json", tmp_path / "predictions.nc"
    done = run(
        "evaluate", model, "--data", tiny_folder, "--json", metrics, "--predictions", predictions
    )
    assert done.returncode == 0, done.stderr
    found = read_json(metrics)
    jsonschema.validate(found, read_json(SCHEMA))
    assert found["recordings"] == 4  # those of the validation split: all that was not seen
    assert found["metrics"]["accuracy"]["value"] > 0.8
    assert len(FramePosterior.load(predictions)) == 4
    assert "By condition" in done.stdout
    ending = done.stdout[done.stdout.index("May its confidence be believed?") :]
    assert ending.count("cannot tell from") + ending.count("never predicted") == 4
    again = run("evaluate", model, "--data", tiny_folder, "--split", "validation")
    assert again.stdout.splitlines()[:20] == done.stdout.splitlines()[:20]

    several = tmp_path / "several"
    several.mkdir()
    for path in sorted(tiny_folder.glob("voice_*.wav"))[:3]:
        shutil.copy(path, several)
    done = run("transcribe", model, song, several, "-o", notes)
    assert done.returncode == 0, done.stderr
    for ending in ("mid", "csv", "png"):
        assert (notes / f"song.{ending}").stat().st_size > 0
        assert len(list(notes.glob(f"voice_*.{ending}"))) == 3
    assert [p.name for p in notes.glob(".*")] == [".bayes-a2m-transcribe.sha256"]
    midi = pretty_midi.PrettyMIDI(str(notes / "song.mid"))
    assert {n.pitch for n in midi.instruments[0].notes} <= {60, 64, 67}


def test_what_is_written_can_be_chosen(tiny_model: Path, song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(
        "transcribe", tiny_model, song, "-o", out, "--format", "csv,mid", "--transpose", "-12"
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in out.iterdir()) == [
        ".bayes-a2m-transcribe.sha256",
        "song.csv",
        "song.mid",
    ]
    rows = (out / "song.csv").read_text().splitlines()
    assert rows[0].startswith("onset_seconds,offset_seconds,pitch,name")
    assert {row.split(",")[3] for row in rows[1:]} <= {"C3", "E3", "G3"}


def test_a_reference_is_drawn(tiny_model: Path, tiny_folder: Path, tmp_path: Path) -> None:
    arguments = (tiny_model, tiny_folder / "voice_001.wav", "--format", "png")
    run("transcribe", *arguments, "-o", tmp_path / "without")
    done = run(
        "transcribe", *arguments, "-o", tmp_path / "with",
        "--reference", tiny_folder / "midi_001.mid",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    from matplotlib.image import imread

    amber = []
    for folder in ("without", "with"):
        red, green, blue = np.moveaxis(imread(tmp_path / folder / "voice_001.png")[-400:], 2, 0)[:3]
        amber.append(int(((red > 0.9) & (green > 0.7) & (blue < 0.75)).sum()))
    assert amber[1] > amber[0] + 1000


def test_one_bad_file_does_not_stop_the_others(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF and then nothing")
    line = refused("transcribe", tiny_model, bad, song, "-o", tmp_path / "out", "--format", "mid")
    assert "bad.wav" in line
    assert [p.name for p in (tmp_path / "out").glob("[!.]*")] == ["song.mid"]


@pytest.mark.parametrize(
    ("samples", "rate", "expected"),
    [
        (np.zeros(0), 16000, "no samples"),
        (np.full(16000, np.nan), 16000, "NaN"),
        (np.zeros(160), 16000, "10 ms is too short"),
    ],
)
def test_sound_that_cannot_be_used(
    tiny_model: Path, tmp_path: Path, samples: np.ndarray, rate: int, expected: str
) -> None:
    path, out = tmp_path / "x.wav", tmp_path / "out"
    soundfile.write(path, samples.astype(np.float32), rate, subtype="FLOAT")
    line = refused("transcribe", tiny_model, path, "-o", out)
    assert expected in line
    assert str(path) in line
    assert not out.exists()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (192000, 1), (44100, 2)])
def test_any_rate_and_any_channels_give_the_same_notes(
    tiny_model: Path, tmp_path: Path, rate: int, channels: int
) -> None:
    import soxr

    generator = np.random.default_rng(1)
    notes = tiny.melody(generator, 3.0)
    sound = tiny.tone(notes, 3.0, generator)
    plain, other = tmp_path / "plain.wav", tmp_path / "other.wav"
    soundfile.write(plain, sound, tiny.RATE, subtype="FLOAT")
    moved = soxr.resample(sound, tiny.RATE, rate)
    soundfile.write(other, np.stack([moved] * channels, axis=1), rate, subtype="FLOAT")
    out = tmp_path / "out"
    done = run("transcribe", tiny_model, plain, other, "-o", out, "--format", "csv")
    assert done.returncode == 0, done.stderr
    first, second = (
        [row.split(",")[:3] for row in (out / f"{name}.csv").read_text().splitlines()[1:]]
        for name in ("plain", "other")
    )
    assert len(first) > 2
    assert [row[2] for row in first] == [row[2] for row in second]
    for a, b in zip(first, second, strict=True):
        assert float(a[0]) == pytest.approx(float(b[0]), abs=0.031)


def test_a_folder_with_something_wrong(tiny_folder: Path, tmp_path: Path) -> None:
    def broken(name: str) -> Path:
        return Path(shutil.copytree(tiny_folder, tmp_path / name))

    def trained(folder: Path) -> str:
        line = refused("train", "crnn", "--data", folder, "--out", tmp_path / "model")
        assert not list(tmp_path.glob("model*"))
        return line

    assert "no such data folder" in trained(tmp_path / "missing")
    folder = broken("unpaired")
    (folder / "midi_003.mid").unlink()
    assert "voice_003.wav" in trained(folder)
    folder = broken("not_midi")
    (folder / "midi_004.mid").write_bytes(b"not a MIDI file")
    assert "midi_004.mid" in trained(folder)
    folder = broken("corrupt")
    (folder / "voice_005.wav").write_bytes(b"nonsense")
    assert "voice_005.wav" in trained(folder)
    folder = broken("nan")
    soundfile.write(folder / "voice_002.wav", np.full(19200, np.nan), tiny.RATE, subtype="FLOAT")
    assert "voice_002.wav" in trained(folder)
    folder = broken("unknown_id")
    with (folder / "metadata.csv").open("a") as file:
        file.write("999,studio,train,\n")
    assert "999" in trained(folder)
    folder = broken("no_train")
    text = (folder / "metadata.csv").read_text().replace(",train,", ",validation,")
    (folder / "metadata.csv").write_text(text)
    assert "no split called 'train'" in trained(folder)


def test_settings_that_do_not_exist(tiny_folder: Path, tmp_path: Path) -> None:
    common = ("--data", tiny_folder, "--out", tmp_path / "model")
    line = refused("train", "crnn", *common, "--set", "training.lerning_rate=1")
    assert "did you mean 'learning_rate'" in line
    line = refused("train", "crnn", *common, "--set", "network.hiden=1")
    assert "did you mean 'hidden'" in line
    assert "did you mean 'crnn'" in refused("train", "crn", *common)
    line = refused("train", "crnn", *common, "--set", "network.name=crn")
    assert "did you mean 'crnn'" in line
    assert not list(tmp_path.iterdir())


def test_an_interrupt_outside_of_a_verb_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There typer makes a mere exit code of it."""
    from bayes_a2m.cli import main as module

    def interrupted(arguments: list[str]) -> int:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return 130

    monkeypatch.setattr(module, "_run", interrupted)
    monkeypatch.setattr(module, "leave", sys.exit)  # not the process of the tests
    # a shell's background ignores it, and then so does the command
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit, match="130"):
            module.main()
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert capsys.readouterr().err == "bayes-a2m: interrupted\n"


def test_a_model_that_is_none(
    tiny_model: Path, tiny_folder: Path, song: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert "no such model" in refused("transcribe", tmp_path / "none", song, "-o", out)
    assert "no such model" in refused("transcribe", song, "-m", tmp_path / "none", "-o", out)
    assert "name the sound files" in refused("transcribe", tiny_model, "-o", out)
    broken = tiny.copy_to_change(tiny_model, tmp_path / "broken")
    (broken / "normalizer.json").unlink()
    assert "normalizer.json missing" in refused("transcribe", broken, song, "-o", out)
    assert "normalizer.json missing" in refused("evaluate", broken, "--data", tiny_folder)
    (broken / "normalizer.json").write_text("{")
    assert "normalizer.json" in refused("evaluate", broken, "--data", tiny_folder)
    shutil.copy(tiny_model / "normalizer.json", broken)
    (broken / "model.safetensors").write_bytes(b"nonsense")
    assert "model.safetensors" in refused("evaluate", broken, "--data", tiny_folder)
    assert not out.exists()


def test_arguments_that_do_not_fit(
    tiny_model: Path, tiny_folder: Path, song: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert "did you mean 'mid'" in refused(
        "transcribe", tiny_model, song, "-o", out, "--format", "midi"
    )
    assert "overwrite" in refused("transcribe", tiny_model, song, song, "-o", out)
    assert "no such sound" in refused("transcribe", tiny_model, tmp_path / "x.wav", "-o", out)
    assert "no such MIDI" in refused(
        "transcribe", tiny_model, song, "-o", out, "--reference", tmp_path / "x.mid"
    )
    assert "is a file" in refused("transcribe", tiny_model, song, "-o", song)
    by_hand = tmp_path / f"{song.stem}.mid"
    by_hand.write_bytes((tiny_folder / "midi_001.mid").read_bytes())
    onto = ("transcribe", tiny_model, song, "-o", tmp_path, "--reference", by_hand)
    assert "would overwrite it" in refused(*onto)
    assert by_hand.read_bytes() == (tiny_folder / "midi_001.mid").read_bytes()
    assert "no split called" in refused(
        "evaluate", tiny_model, "--data", tiny_folder, "--split", "tests"
    )
    assert "is there already" in refused(
        "train", "crnn", "--data", tiny_folder, "--out", tiny_model
    )
    assert not out.exists()


def test_a_wrong_option_or_argument_is_one_line() -> None:
    assert "--no-such-option" in refused("transcribe", "--no-such-option")
    assert "Missing argument" in refused("evaluate")
    assert "'trainn'" in refused("trainn")
    assert "--draws" in refused("evaluate", "x", "--data", "x", "--draws", "0")


def test_nothing_at_all_is_a_question_for_help() -> None:
    assert run().stdout == run("--help").stdout


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("verify", tmp_path / "missing", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.slow
def test_interrupting_leaves_no_model(tiny_folder: Path, tmp_path: Path) -> None:
    import signal
    import time

    out = tmp_path / "model"
    overrides = [part for s in (*tiny.SMALL, "training.epochs=5000") for part in ("--set", s)]
    command = [sys.executable, "-m", "bayes_a2m", "train", "crnn", "--data", str(tiny_folder)]
    running = subprocess.Popen(
        [*command, "--out", str(out), *overrides],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # a shell's background job ignores Ctrl-C, and its children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    log = tmp_path / "model.partial" / "last.ckpt"
    deadline = time.monotonic() + 120
    while not log.is_file():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for _ in range(4):  # one that lands in a destructor is swallowed; people press again
        running.send_signal(signal.SIGINT)
        try:
            _, errors = running.communicate(timeout=20)
            break
        except subprocess.TimeoutExpired:
            continue
    assert running.returncode == 130
    assert errors.splitlines()[-1].startswith("bayes-a2m: interrupted; ")
    assert "--resume" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert not out.exists()


def test_the_validation_split_is_not_looked_at_in_training(
    tiny_folder: Path, tiny_data: Dataset, tiny_model: Path
) -> None:
    seen = json.loads((tiny_model / "seen.json").read_text())
    train = set(tiny_data.split("train").ids)
    assert set(seen["fit"]) | set(seen["tune"]) == train
    assert not set(seen["fit"]) & set(seen["tune"])


def test_how_far_it_can_be_believed(tiny_model: Path, tiny_folder: Path, tmp_path: Path) -> None:
    """evaluate says it class by class; --raw before recalibration; transcribe marks doubt."""
    model = tmp_path / "model"
    tiny.copy_to_change(tiny_model, model)
    stored = read_json(model / "recalibration.json")
    scaled = {**stored, "method": "temperature", "temperature": 1.5}
    (model / "recalibration.json").write_text(json.dumps(scaled))
    out = tmp_path / "metrics.json"
    done = run("evaluate", model, "--data", tiny_folder, "--raw", "--json", out)
    assert done.returncode == 0, done.stderr
    for words in ("Can it be believed? Recalibration: temperature", "p (KS)", "hold the truth"):
        assert words in done.stdout
    assert "Before and after recalibration (temperature)" in done.stdout
    assert "--accept-error 0.05: " in done.stderr
    assert "caution: all recordings: " in done.stderr
    metrics = read_json(out)
    jsonschema.validate(metrics, read_json(SCHEMA))
    before, after = metrics["raw"]["nll"]["value"], metrics["metrics"]["nll"]["value"]
    gain = metrics["calibration"]["gain"]["nll"]["value"]
    assert gain == pytest.approx(after - before)
    assert gain != 0
    trust = metrics["per_class"]["E4"]["trust"]
    assert trust["value"] == metrics["per_class"]["E4"]["precision"]["value"]
    assert sum(level["frames"] for level in trust["levels"]) > 0
    told = refused("evaluate", model, "--data", tiny_folder, "--accept-error", "1.05")
    assert "--accept-error 1.05: must lie between 0 and 1" in told


def counts_of(recordings: int, notes: int) -> AcceptStatistics:
    """Counts of tuning recordings of which only what is given 0.9 and more is right."""
    confidence = np.repeat([0.95, 0.6], notes)
    one = AcceptStatistics.of_outcomes(confidence, confidence > 0.9)
    return AcceptStatistics.stack([one] * recordings)


def unsure(tiny_model: Path, path: Path, **changes: object) -> Path:
    """The model with a temperature that makes some of its notes unsure, and other counts."""
    tiny.copy_to_change(tiny_model, path)
    stored = read_json(path / "recalibration.json")
    stored |= {"method": "temperature", "temperature": 4.0, **changes}
    (path / "recalibration.json").write_text(json.dumps(stored))
    return path


def test_an_onset_tolerance_has_counts_of_its_own(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    """What is accepted, and what a note's probability is, follow the tolerance."""
    stored = {"accepted_notes": counts_of(40, 3), "accepted_notes_100ms": counts_of(2, 3)}
    model = unsure(tiny_model, tmp_path / "model", **{k: v.to_dict() for k, v in stored.items()})
    out, words = tmp_path / "notes", []
    for tolerance in ("0.05", "0.1"):
        done = run(
            *("transcribe", model, song, "-o", out, "--format", "csv", "--accept-error", "0.05"),
            *("--onset-tolerance", tolerance),
        )
        assert done.returncode == 0, done.stderr
        words.append(done.stderr)
    assert "of the same kind as the 40 tuning recordings" in words[0]
    assert "nothing is promised" in words[1]  # two recordings are too few
    for wrong, reason in (("0.07", "was not counted at this tolerance"), ("-1", "seconds above")):
        line = refused(
            *("transcribe", model, song, "-o", out, "--accept-error", "0.05"),
            *("--onset-tolerance", wrong),
        )
        assert reason in line


def test_doubtful_notes_are_marked_and_named(tiny_model: Path, song: Path, tmp_path: Path) -> None:
    model = unsure(tiny_model, tmp_path / "model", accepted_notes=counts_of(40, 3).to_dict())
    out = tmp_path / "notes"
    done = run(
        "transcribe", model, song, "-o", out, "--accept-error", "0.05", "--format", "mid,csv"
    )
    assert done.returncode == 0, done.stderr
    assert "with 0.9 confidence at most 0.05 of the accepted notes are wrong" in done.stderr
    rows = list(csv.DictReader((out / "song.csv").open()))
    doubtful = [row for row in rows if row["doubtful"] == "1"]
    assert doubtful
    threshold = float(re.search(r"notes of probability ([0-9.]+) and more", done.stderr)[1])  # type: ignore[index]
    for row in rows:
        assert (float(row["probability"]) < threshold - 0.005) <= (row["doubtful"] == "1")
    least = min(doubtful, key=lambda row: float(row["probability"]))
    named = (
        f"{float(least['onset_seconds']):.2f} s {least['name']} {float(least['probability']):.2f}"
    )
    assert f"{len(doubtful)} of {len(rows)} notes" in done.stderr
    assert f"listen again: {named}" in done.stderr
    midi = pretty_midi.PrettyMIDI(str(out / "song.mid"))
    assert midi.instruments[1].name == "doubtful"
    assert len(midi.instruments[1].notes) == len(midi.lyrics) == len(doubtful)
    assert [text.text for text in midi.text_events] == [
        f"{row['name']} {float(row['probability']):.2f}" for row in rows
    ]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (None, "nothing is promised: the tuning split has no notes"),
        (counts_of(3, 2), "nothing is promised"),
        (AcceptStatistics.of_outcomes([0.9] * 90, [True] * 90), "nothing is promised"),
    ],
)
def test_no_promise_where_none_can_be_kept(
    tiny_model: Path,
    song: Path,
    tmp_path: Path,
    counts: AcceptStatistics | None,
    words: str,
) -> None:
    stored = None if counts is None else counts.to_dict()
    model = unsure(tiny_model, tmp_path / "model", accepted_notes=stored)
    done = run(
        "transcribe", model, song, "-o", tmp_path / "notes", "--accept-error", "0.05",
        "--format", "csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert "with 0.9 confidence at most" not in done.stderr
    assert "doubtful" in (tmp_path / "notes" / "song.csv").read_text().splitlines()[0]


def test_a_model_without_notes_marks_them_by_its_frames(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    counts = {"accepted": counts_of(40, 50).to_dict()}
    model = unsure(tiny_model, tmp_path / "model", **counts)
    (model / "notes.json").unlink()
    out = tmp_path / "notes"
    done = run(
        "transcribe", model, song, "-o", out, "--accept-error", "0.05", "--format", "mid,csv,jams"
    )
    assert done.returncode == 0, done.stderr
    assert "was trained before notes had probabilities" in done.stderr
    assert "at most 0.05 of the accepted frames are wrong" in done.stderr
    header, *rows = (out / "song.csv").read_text().splitlines()
    assert header.endswith("frame_probability,accepted_share,other_pitch_share,doubtful")
    doubtful = [row for row in rows if row.endswith(",1")]
    assert f"{len(doubtful)} of {len(rows)} notes" in done.stderr
    assert doubtful
    assert {
        row["confidence"] for row in read_json(out / "song.jams")["annotations"][0]["data"]
    } == {None}
    assert "--samples" in refused("transcribe", model, song, "-o", out, "--samples", "2")
    stored = read_json(model / "recalibration.json")
    (model / "recalibration.json").write_text(json.dumps({**stored, "accepted": None}))
    told = refused("transcribe", model, song, "-o", out, "--condition", "cellar")
    assert "--condition cellar" in told
    told = refused("transcribe", model, song, "-o", out, "--accept-error", "0.05")
    assert "train it again" in told


def test_a_model_by_its_option_writes_to_notes(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    run("transcribe", song, "-m", tiny_model, "--format", "mid", cwd=tmp_path)
    run("transcribe", tiny_model, song, "-o", "same", "--format", "mid", cwd=tmp_path)
    first, same = (tmp_path / folder / "song.mid" for folder in ("notes", "same"))
    assert first.read_bytes() == same.read_bytes()


def test_every_format_is_written(tiny_model: Path, song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = refused("transcribe", tiny_model, song, "-o", out, "--condition", "noise")
    assert "did you mean 'noisy'" in told
    arguments = ("transcribe", tiny_model, song, "-o", out, "--samples", "2", "--bends")
    arguments += ("--condition", "noisy")
    formats = "mid,jams,csv,jsonl,png,html,wav"
    done = run(*arguments, "--tempo", "90", "--format", formats)
    assert done.returncode == 0, done.stderr
    names = {p.name for p in out.iterdir()} - {".bayes-a2m-transcribe.sha256"}
    samples = {"song_sample_1.mid", "song_sample_2.mid"}
    assert names == {f"song.{ending}" for ending in formats.split(",")} | samples
    rows = list(csv.DictReader((out / "song.csv").open()))
    lines = [json.loads(line) for line in (out / "song.jsonl").read_text().splitlines()]
    scored = jams.read(out / "song.jams")
    assert len(rows) == len(lines) == len(scored.notes) > 2
    for row, line, note, sure in zip(rows, lines, scored.notes, scored.confidences, strict=True):
        assert float(row["onset_seconds"]) == pytest.approx(line["onset"], abs=1e-4)
        assert line["onset"] == pytest.approx(note.onset, abs=1e-5)
        assert float(row["probability"]) == pytest.approx(line["probability"], abs=1e-4)
        assert line["probability"] == pytest.approx(sure, abs=1e-5)
        assert line["onset_interval"][0] <= line["onset_median"] <= line["onset_interval"][1]
    midi = pretty_midi.PrettyMIDI(str(out / "song.mid"))
    assert midi.get_tempo_changes()[1][0] == pytest.approx(90, rel=1e-4)
    assert [n.start for n in midi.instruments[0].notes] == pytest.approx(
        [float(row["onset_seconds"]) for row in rows], abs=2e-3
    )
    sound, rate = soundfile.read(out / "song.wav")
    assert (rate, sound.shape) == (16000, (soundfile.info(song).frames, 2))
    page = (out / "song.html").read_text()
    assert page.count("<audio") >= 2
    assert 'src="song' not in page  # everything is inside
    again = run(*arguments, "--tempo", "90", "--format", formats)
    assert again.returncode == 0, again.stderr


def test_velocity_says_loudness_unless_confidence_is_asked_for(
    tiny_model: Path, song: Path, tmp_path: Path
) -> None:
    velocities = []
    for name in ("loudness", "confidence"):
        out = tmp_path / name
        run("transcribe", tiny_model, song, "-o", out, "--velocity", name, "--format", "mid,jsonl")
        lines = [json.loads(line) for line in (out / "song.jsonl").read_text().splitlines()]
        velocities.append([line["velocity"] for line in lines])
        if name == "confidence":
            assert velocities[-1] == [max(1, round(127 * line["probability"])) for line in lines]
    assert velocities[0] != velocities[1]


def test_a_tempo_that_is_none_is_refused_before_the_model_is_read(
    song: Path, tmp_path: Path
) -> None:
    told = refused("transcribe", song, "-m", tmp_path, "-o", tmp_path / "out", "--tempo", "0")
    assert "--tempo 0: must lie between 10 and 1000" in told


def test_a_broken_recalibration_is_named(tiny_model: Path, song: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    tiny.copy_to_change(tiny_model, model)
    (model / "recalibration.json").write_text('{"method": "temperture"}')
    told = refused("transcribe", model, song, "-o", tmp_path / "notes")
    assert "recalibration.json: unknown recalibration 'temperture'" in told
    assert "temperature" in told

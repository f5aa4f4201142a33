"""How fast an exported model transcribes: whole processes, beside swift-f0 and basic-pitch.

    python experiments/benchmarks/runtime.py
    python experiments/benchmarks/runtime.py --audio song.wav --runs 9 --draws-model laplace_export
    python experiments/benchmarks/runtime.py --imports

Every process is timed from its start to its end: imports, network, sound, features, notes, MIDI on
the disk. All have one thread and the same 60 s of sound, and take turns; what counts is the median
of the ratios to swift-f0 within a turn, for seconds of one machine say little of another; below it
that of processor seconds, which say more on a machine that does other things as well. The model
with draws is an exported posterior of the last layer (``bayes-a2m export MODEL --out DIR``).
``--imports`` prints what importing costs instead, the dearest first.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from transcribe import seconds_of, write_sound

SWIFT_F0 = """
import sys
import swift_f0
detector = swift_f0.SwiftF0(threads=1, spin=False)
found = detector.detect_file(sys.argv[1])
notes = swift_f0.segment_notes(found)
swift_f0.export_to_midi(notes, sys.argv[2])
"""

BASIC_PITCH = """
import sys
from pathlib import Path
import basic_pitch
from basic_pitch.inference import predict
model = Path(basic_pitch.__file__).parent / "saved_models/icassp_2022/nmp.onnx"
predict(sys.argv[1], model)[1].write(sys.argv[2])
"""

LIGHT = """
import sys
from bayes_a2m.cli.main import main
sys.argv[0] = "bayes-a2m"
main()
"""


def commands(arguments: argparse.Namespace, audio: Path, folder: Path) -> dict[str, list[str]]:
    """The processes, by name."""
    verb = [sys.executable, "-c", LIGHT, "transcribe", str(audio), "--format", "mid,csv"]
    found = {
        "swift-f0": [sys.executable, "-c", SWIFT_F0, str(audio), str(folder / "swift.mid")],
        "onnx, point": [*verb, "--engine", "onnx", "-o", str(folder / "onnx")],
    }
    if arguments.draws_model:
        drawn = ["-m", str(arguments.draws_model), "--engine", "onnx", "-o", str(folder / "draws")]
        found["onnx, 30 draws"] = [*verb, *drawn]
    found["torch, point"] = [*verb, "--engine", "torch", "-o", str(folder / "torch")]
    if not arguments.without_basic_pitch:
        peer = [sys.executable, "-c", BASIC_PITCH, str(audio), str(folder / "basic.mid")]
        found["basic-pitch"] = peer
    return found


def cost_of(command: list[str]) -> tuple[float, float]:
    """Seconds that a process takes, and seconds of processors that it uses."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = seconds_of(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_imports(audio: Path, folder: Path) -> None:
    """Print the dearest imports of a transcription, milliseconds with all that they import."""
    command = [sys.executable, "-X", "importtime", "-c", LIGHT, "transcribe", str(audio)]
    command += ["--engine", "onnx", "-o", str(folder / "onnx"), "--format", "mid,csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in done.stderr.splitlines() if line.count("|") == 2]
    costs = [(int(row[1]), row[2].rstrip()) for row in rows if row[1].strip().isdecimal()]
    for cost, name in sorted(costs, reverse=True)[:25]:
        print(f"{cost / 1000:>9.1f} ms {name}")


def main() -> None:
    """Measure and print the turns."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--audio", type=Path, help="a sound file; else a synthetic voice")
    source.add_argument("--data", type=Path, help="a folder whose recordings are put in a row")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5, help="turns")
    parser.add_argument("--draws-model", type=Path, help="an exported posterior of 30 draws")
    parser.add_argument("--without-basic-pitch", action="store_true")
    parser.add_argument("--imports", action="store_true", help="print what imports cost")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audio = folder / "song.wav"
        seconds = write_sound(audio, arguments)
        if arguments.imports:
            print_imports(audio, folder)
            return
        known = commands(arguments, audio, folder)
        for command in known.values():  # files into the cache, numba's code compiled
            seconds_of(command)
        print(f"{seconds:.0f} s of audio, one thread, whole processes, seconds")
        print("".join(f"{one:>16}" for one in ("turn", *known)), flush=True)
        turns, processor = [], []
        for run in range(arguments.runs):
            both = {one: cost_of(command) for one, command in known.items()}
            turns.append({one: cost[0] for one, cost in both.items()})
            processor.append({one: cost[1] for one, cost in both.items()})
            print("".join(f"{x:>16}" for x in (run + 1, *(f"{t:.2f}" for t in turns[-1].values()))))
        for name, costs in (("/ swift-f0", turns), ("processor", processor)):
            ratios = [median(turn[one] / turn["swift-f0"] for turn in costs) for one in known]
            print("".join(f"{x:>16}" for x in (name, *(f"{r:.2f}" for r in ratios))))


if __name__ == "__main__":
    main()

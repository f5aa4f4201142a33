"""What the pretrained model is worth on people it never heard, beside a tracker in the same run.

    OMP_NUM_THREADS=1 python experiments/benchmarks/pretrained.py voice --data VOICES
    OMP_NUM_THREADS=1 python experiments/benchmarks/pretrained.py real --data REAL_VOICES
    python experiments/benchmarks/pretrained.py tables --data reports/pretrained

``voice``: a folder of recordings and MIDI, of which the model has seen none; its pitches by
masking, at the sounding offset that the folder gives. ``real``: clips with notes by hand. Notes are
matched by mir_eval on onset and continuous pitch, pooled over clips; intervals are of resampled
clips. Twenty clips, which :func:`clock_ids` names, set three numbers and no weight: the lag of
people's labels, its spread from clip to clip, and the temperature of a note's probability.
``tables``: what the two have written, ``voice.json`` and ``real.json``, as Markdown.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

if __name__ == "__main__":
    # before numpy is loaded: it looks only once
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.continuous_pitch import ContinuousPitch, continuous_pitch
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.restriction import other_mass, places_of, restricted

Floats = NDArray[np.float64]

CLOCK_SHARE = 20
"""SSVD clips, the first by id in an order drawn from seed 0, that set three numbers."""

SEED = 0
RESAMPLES = 2000
TOLERANCES = (0.05, 0.1)
SURE = 0.5


@dataclass(frozen=True)
class Notes:
    """Notes of a clip: onset, offset (seconds), pitch (fractional MIDI), and a probability each."""

    times: Floats
    midi: Floats
    probability: Floats

    def select(self, chosen: NDArray[Any]) -> Notes:
        return Notes(self.times[chosen], self.midi[chosen], self.probability[chosen])


@dataclass(frozen=True)
class Clip:
    """A clip of the folder of real voices."""

    id: str
    path: Path
    seconds: float
    reference: Notes


def hertz(midi: Floats) -> Floats:
    return np.asarray(440.0 * 2.0 ** ((midi - 69.0) / 12.0))


def matched(reference: Notes, found: Notes, tolerance: float) -> NDArray[np.bool_]:
    """Which of the notes found are matched, one to one, onset and pitch within 50 cents."""
    from mir_eval.transcription import match_notes

    hit = np.zeros(len(found.midi), dtype=bool)
    if len(found.midi) and len(reference.midi):
        pairs = match_notes(
            reference.times,
            hertz(reference.midi),
            found.times,
            hertz(found.midi),
            onset_tolerance=tolerance,
            pitch_tolerance=50.0,
            offset_ratio=None,
        )
        hit[[j for _, j in pairs]] = True
    return hit


# ---- the systems ----


@dataclass(frozen=True)
class Heard:
    """What the network said of a clip, from which any decoder makes notes."""

    posterior: FramePosterior
    pitch: ContinuousPitch


def listen(model: NetworkPosterior, clip: Clip) -> Heard:
    recording = Recording(clip.id, path=clip.path)
    return Heard(model.predict([recording]), continuous_pitch(model, recording))


def notes_of(heard: Heard, decoder: NoteDecoder) -> Notes:
    """Notes of the model, their pitch from its continuous output."""
    hypotheses = decoder.infer(heard.posterior)[0].hypotheses
    times = np.array([(h.onset, h.offset) for h in hypotheses], dtype=float).reshape(-1, 2)
    pitch = heard.pitch
    midi = np.array([pitch.of_span(h.onset, h.offset, h.pitch) for h in hypotheses], dtype=float)
    return Notes(times, midi, np.array([h.probability for h in hypotheses], dtype=float))


def swift_f0(clip: Clip) -> Notes:
    """Notes of swift-f0 at its defaults; the mean confidence of its frames as a probability."""
    import swift_f0 as package

    samples = Recording(clip.id, path=clip.path).audio(16000)
    detected = package.SwiftF0(threads=1, spin=False).detect(samples, 16000)
    notes = package.segment_notes(detected)
    times = np.array([(n.start, n.end) for n in notes], dtype=float).reshape(-1, 2)
    midi = 69 + 12 * np.log2(np.array([n.pitch_hz for n in notes], dtype=float) / 440)
    seconds, confidence = np.asarray(detected.timestamps), np.asarray(detected.confidence)
    sure = [
        float(confidence[(seconds >= a) & (seconds < b)].mean())
        if ((seconds >= a) & (seconds < b)).any()
        else 0.5
        for a, b in times
    ]
    return Notes(times, midi, np.array(sure))


# ---- scores ----


def ece(probability: Floats, hit: NDArray[np.bool_], bins: int = 10) -> float:
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[place == b].sum() - hit[place == b].sum())
        for b in range(bins)
        if (place == b).any()
    ]
    return float(np.sum(gaps) / max(len(hit), 1))


def auroc(probability: Floats, hit: NDArray[np.bool_]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(hit, probability)) if 0 < hit.sum() < len(hit) else float("nan")


def scores_of(clips: Sequence[Clip], answers: Sequence[Notes]) -> dict[str, Any]:
    """Pooled scores, and by clip the counts that intervals come from."""
    said: dict[str, Any] = {"notes": sum(len(c.reference.midi) for c in clips)}
    said["found"] = sum(len(a.midi) for a in answers)
    for tolerance in TOLERANCES:
        hits = [matched(c.reference, a, tolerance) for c, a in zip(clips, answers, strict=True)]
        counts = np.array(
            [(h.sum(), len(h), len(c.reference.midi)) for h, c in zip(hits, clips, strict=True)],
            dtype=float,
        )
        label = f"{round(1000 * tolerance)}ms"
        said[f"f1_{label}"] = f1(counts.sum(axis=0))
        said[f"precision_{label}"] = float(counts[:, 0].sum() / max(counts[:, 1].sum(), 1))
        said[f"recall_{label}"] = float(counts[:, 0].sum() / max(counts[:, 2].sum(), 1))
        said[f"counts_{label}"] = counts.tolist()
        every = np.concatenate(hits)
        sure = np.concatenate([a.probability for a in answers])
        said[f"note_ece_{label}"], said[f"note_auroc_{label}"] = (
            ece(sure, every),
            auroc(sure, every),
        )
    return said


def f1(counts: Floats) -> float:
    return float(2 * counts[0] / max(counts[1] + counts[2], 1))


def interval(one: Sequence[Any], other: Sequence[Any]) -> tuple[float, float]:
    """95 % interval of the difference of two F1, paired, from resampled clips."""
    a, b = np.array(one), np.array(other)
    generator = np.random.default_rng(SEED)
    differences = []
    for _ in range(RESAMPLES):
        chosen = generator.integers(len(a), size=len(a))
        differences.append(f1(a[chosen].sum(axis=0)) - f1(b[chosen].sum(axis=0)))
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)


# ---- the folder of real voices ----


def clips_of(folder: Path, start: str, column: str = "midi") -> list[Clip]:
    """Clips whose id starts so, with their notes where there are any."""
    clips = []
    with (folder / "index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["id"].startswith(start)]
    for row in rows:
        table = folder / "notes" / f"{row['id']}.csv"
        notes: list[dict[str, str]] = []
        if table.is_file():
            with table.open(encoding="utf-8") as file:
                notes = list(csv.DictReader(file))
        times = np.array([(n["onset"], n["offset"]) for n in notes], dtype=float).reshape(-1, 2)
        midi = np.array([n[column] or n["midi"] for n in notes], dtype=float)
        longer = times[:, 1] - times[:, 0] > 1e-3
        reference = Notes(times[longer], midi[longer], np.ones(int(longer.sum())))
        path = folder / "audio" / f"{row['id']}.flac"
        clips.append(Clip(row["id"], path, float(row["seconds"]), reference))
    return clips


def clock_ids(clips: Sequence[Clip]) -> list[str]:
    """Ids of the twenty clips that may set the three numbers."""
    order = np.random.default_rng(SEED).permutation(len(clips))
    return sorted(clips[i].id for i in order[:CLOCK_SHARE])


def f0_of(folder: Path, clip: Clip) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Reference times, MIDI pitch and voicing of a clip."""
    with (folder / "f0" / f"{clip.id}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = np.array([float(r["time"]) for r in rows])
    f0 = np.array([float(r["f0"] or 0) for r in rows])
    voiced = np.array([r["voiced"].strip().lower() in ("1", "1.0", "true") for r in rows]) & (
        f0 > 0
    )
    return times, 69 + 12 * np.log2(np.maximum(f0, 1e-3) / 440), voiced


def pitch_scores(
    model: NetworkPosterior, folder: Path, clips: Iterable[Clip], cents: float
) -> dict[str, float]:
    """Raw pitch accuracy over voiced frames, and precision, recall and F1 of voicing."""
    right = voiced_frames = both = said = frames = 0
    for clip in clips:
        times, midi, voiced = f0_of(folder, clip)
        heard = continuous_pitch(model, Recording(clip.id, path=clip.path))
        place = np.rint(times / model.grid.hop_seconds).astype(int)
        inside = place < len(heard.midi)
        place, midi, voiced = place[inside], midi[inside], voiced[inside]
        near = abs(heard.midi[place] - midi) * 100 <= cents
        sure = heard.voicing[place] > SURE
        right += int((near & voiced).sum())
        voiced_frames += int(voiced.sum())
        both += int((sure & voiced).sum())
        said += int(sure.sum())
        frames += len(place)
    return {
        "frames": frames,
        "raw_pitch_accuracy": right / max(voiced_frames, 1),
        "voicing_precision": both / max(said, 1),
        "voicing_recall": both / max(voiced_frames, 1),
        "voicing_f1": 2 * both / max(said + voiced_frames, 1),
    }


def real(model: NetworkPosterior, folder: Path) -> dict[str, Any]:
    """Everything that is asked of the real voices."""
    assert isinstance(model.decoder, NoteDecoder)
    ssvd = clips_of(folder, "ssvd_")
    heard = {c.id: listen(model, c) for c in ssvd}
    chosen = set(clock_ids(ssvd))
    setting = [c for c in ssvd if c.id in chosen]
    three = clock(model.decoder, setting, [heard[c.id] for c in setting])
    decoder = three.decoder(model.decoder)
    result: dict[str, Any] = {"clock_clips": sorted(chosen), "clock": vars(three)}

    def ours(clip: Clip) -> Notes:
        one = heard[clip.id] if clip.id in heard else listen(model, clip)
        return three.cooled(notes_of(one, decoder))

    systems: dict[str, Callable[[Clip], Notes]] = {"pretrained": ours, "swift_f0": swift_f0}
    answers = {name: {c.id: ask(c) for c in ssvd} for name, ask in systems.items()}
    scored = [c for c in ssvd if c.id not in chosen]
    groups = {"ssvd_30": scored, "ssvd_50": ssvd}
    middle = {c.id: float(np.median(c.reference.midi)) for c in ssvd if len(c.reference.midi)}
    for name, low, high in (("low", 0, 57), ("middle", 57, 67), ("high", 67, 128)):
        groups[f"ssvd_{name}"] = [c for c in ssvd if low <= middle.get(c.id, -1) < high]
    for group, clips in groups.items():
        result[group] = {"clips": len(clips)}
        for name in systems:
            result[group][name] = scores_of(clips, [answers[name][c.id] for c in clips])
        for tolerance in ("50ms", "100ms"):
            mine, theirs = (result[group][n].pop(f"counts_{tolerance}") for n in systems)
            result[group][f"f1_{tolerance}_less_swift_f0"] = (
                interval(mine, theirs) if len(clips) > 1 else None
            )
    for start in ("vocadito_1", "pjs"):
        clips = [c for c in clips_of(folder, start) if len(c.reference.midi)]
        clips = [c for c in clips if start != "vocadito_1" or c.id == start]
        result[start] = {"clips": len(clips)}
        for name, ask in systems.items():
            scores = scores_of(clips, [ask(c) for c in clips])
            result[start][name] = {k: v for k, v in scores.items() if "counts" not in k}
    result["vocadito_1_pitch"] = pitch_scores(
        model, folder, [c for c in clips_of(folder, "vocadito_1") if c.id == "vocadito_1"], 50
    )
    result["fda_pitch"] = pitch_scores(model, folder, clips_of(folder, "fda_"), 100)
    for start in ("neg_", "fda_"):
        clips = clips_of(folder, start)
        minutes = sum(c.seconds for c in clips) / 60
        sure = {
            name: {c.id: int((ask(c).probability > SURE).sum()) for c in clips}
            for name, ask in systems.items()
        }
        result[f"{start}notes_a_minute"] = {
            name: sum(counts.values()) / minutes for name, counts in sure.items()
        }
        result[f"{start}by_clip"] = sure["pretrained"]
    return result


# ---- the folder of three pitches ----


def voice(model: NetworkPosterior, folder: Path) -> dict[str, Any]:
    """Frames and notes of a data folder, by both readings of what is said of other pitches."""
    from bayes_a2m.evaluation import results_of
    from bayes_a2m.evaluation.evaluate import evaluate_chunks

    data = load_folder(folder)
    assert isinstance(model.decoder, NoteDecoder)
    places = places_of(data.vocabulary, model.vocabulary)
    decoder = NoteDecoder(model.decoder.model.restricted(places))
    chunks = list(model.predict_chunks(data))
    keep = ("recordings", "frames", "metrics", "per_class", "per_condition", "near_boundary")
    said: dict[str, Any] = {
        "another_pitch": float(np.mean([other_mass(p, data.vocabulary).mean() for _, p in chunks]))
    }
    readings: tuple[Literal["impossible", "missed"], ...] = ("impossible", "missed")
    for others in readings:
        parts = [(r, restricted(p, data.vocabulary, others=others)) for r, p in chunks]
        result = results_of(evaluate_chunks(parts, decoder, total=len(data)))
        values = result.model_dump(mode="json")
        said[others] = {name: values[name] for name in keep if name in values}
    return said


# ---- three numbers ----


@dataclass(frozen=True)
class Clock:
    """Three numbers of the labels of people: their lag, its spread by clip, a temperature."""

    lag: float
    spread: float
    temperature: float

    def decoder(self, decoder: NoteDecoder) -> NoteDecoder:
        lag = LagPrior((LagComponent("", 1.0, self.lag, self.spread),))
        return replace(decoder, model=replace(decoder.model, lag=lag))

    def cooled(self, notes: Notes) -> Notes:
        p = notes.probability.clip(1e-4, 1 - 1e-4)
        odds = np.log(p / (1 - p)) / self.temperature
        return replace(notes, probability=1 / (1 + np.exp(-odds)))


def clock(decoder: NoteDecoder, clips: Sequence[Clip], heard: Sequence[Heard]) -> Clock:
    """Set the three numbers on clips: the median lag, its spread by clip, and the temperature at
    which the probability of a note is likeliest to be that of being right within 100 ms."""
    from scipy.optimize import minimize_scalar

    means, gaps = [], []
    for clip, one in zip(clips, heard, strict=True):
        found = notes_of(one, decoder)
        onsets = clip.reference.times[:, 0]
        nearest = [int(np.abs(onsets - t).argmin()) for t in found.times[:, 0]]
        gap = [
            onsets[i] - found.times[j, 0]
            for j, i in enumerate(nearest)
            if abs(onsets[i] - found.times[j, 0]) < 0.15
            and abs(clip.reference.midi[i] - found.midi[j]) < 0.5
        ]
        gaps += gap
        means.append(float(np.median(gap)))
    timed = Clock(float(np.median(gaps)), float(np.std(means)), 1.0)
    answers = [notes_of(one, timed.decoder(decoder)) for one in heard]
    hits = [matched(c.reference, a, 0.1) for c, a in zip(clips, answers, strict=True)]
    hit = np.concatenate(hits)

    def loss(log_temperature: float) -> float:
        cooler = replace(timed, temperature=float(np.exp(log_temperature)))
        p = np.concatenate([cooler.cooled(a).probability for a in answers])
        return -float(np.log(np.where(hit, p, 1 - p)).mean())

    best = minimize_scalar(loss, bounds=(-1.5, 2.5), method="bounded").x
    return replace(timed, temperature=float(np.exp(best)))


# ---- tables ----

FRAME_ROWS = {
    "accuracy": "frame accuracy",
    "macro_f1": "macro-F1",
    "nll": "NLL",
    "ece": "ECE",
    "error_auroc": "AUROC of errors",
    "note_onset_f1_50ms": "note onset F1, 50 ms",
    "note_onset_f1_100ms": "note onset F1, 100 ms",
    "note_ece": "note ECE, 50 ms",
}
NOTE_COLUMNS = (
    *("f1_50ms", "f1_100ms", "precision_100ms", "recall_100ms"),
    *("note_ece_100ms", "note_auroc_100ms"),
)
GROUPS = {
    "ssvd_30": "SSVD, the 30 scored",
    "ssvd_50": "SSVD, all 50",
    "ssvd_low": "its low voices",
    "ssvd_middle": "middle",
    "ssvd_high": "high",
    "vocadito_1": "vocadito_1",
    "pjs": "PJS (labels not trusted)",
}


def tables(folder: Path) -> str:
    """Tables of both benchmarks, as Markdown."""
    voices = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
    people = json.loads((folder / "real.json").read_text(encoding="utf-8"))

    def shown(score: dict[str, float]) -> str:
        return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"

    readings = ("impossible", "missed")
    lines = ["| | impossible | missed |", "|---|---|---|"]
    for name, words in FRAME_ROWS.items():
        cells = (shown(voices[reading]["metrics"][name]) for reading in readings)
        lines.append(f"| {words} | {' | '.join(cells)} |")
    by = ("accuracy", "ece", "note_onset_f1_50ms", "note_onset_f1_100ms")
    lines += ["", f"| missed | {' | '.join(FRAME_ROWS[name] for name in by)} |", "|---" * 5 + "|"]
    for condition, scores in voices["missed"]["per_condition"].items():
        cells = (f"{scores[name]['value']:.3f}" for name in by)
        lines.append(f"| {condition} | {' | '.join(cells)} |")
    lines += ["", f"| | | {' | '.join(NOTE_COLUMNS)} |", "|---" * (2 + len(NOTE_COLUMNS)) + "|"]
    for group, words in GROUPS.items():
        for system in ("pretrained", "swift_f0"):
            cells = (f"{people[group][system][name]:.3f}" for name in NOTE_COLUMNS)
            label = f"{words}, {people[group][system]['notes']} notes"
            lines.append(f"| {label} | {system} | {' | '.join(cells)} |")
    for name in ("f1_50ms_less_swift_f0", "f1_100ms_less_swift_f0"):
        low, high = people["ssvd_30"][name]
        lines += ["", f"{name}, the 30: [{low:+.3f}, {high:+.3f}]"]
    for name in ("clock", "vocadito_1_pitch", "fda_pitch", "neg_notes_a_minute", "neg_by_clip"):
        lines += ["", f"{name}: {people[name]}"]
    lines += ["", f"fda_notes_a_minute: {people['fda_notes_a_minute']}"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("voice", "real", "tables"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="pretrained")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.what == "tables":
        print(tables(given.data))
        return
    model = load_model(given.model)
    assert isinstance(model, NetworkPosterior)
    result = voice(model, given.data) if given.what == "voice" else real(model, given.data)
    text = json.dumps(result, indent=1)
    print(text if given.json is None else given.json)
    if given.json is not None:
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

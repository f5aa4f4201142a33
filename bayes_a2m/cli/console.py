"""The console of the verbs: results on stdout, remarks on stderr, tables that fit."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayes_a2m.cli.output import Output
    from bayes_a2m.evaluation import EvaluationResults
    from bayes_a2m.evaluation.results import AcceptResults
    from bayes_a2m.resampling.bootstrap import Interval


def use_any_code_page() -> None:
    """Let stdout and stderr escape what their code page cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def score(value: Interval | None, *, interval: bool = True) -> str:
    """A score as people read it: ``0.943 [0.931, 0.953]``; a dash where there is none."""
    if value is None or value.value is None:
        return "–"
    text = f"{value.value:.3f}"
    if interval and value.low is not None and value.high is not None:
        text += f" [{value.low:.3f}, {value.high:.3f}]"
    return text


def _count(value: Interval | None) -> str:
    return "–" if value is None or value.value is None else f"{value.value:.0f}"


def metrics_tables(console: Output, results: EvaluationResults) -> None:
    """Print the scores of an evaluation: overall, per class, per condition and by stage."""
    from bayes_a2m.metrics.metric import headline, metrics_of

    shown = [m for m in headline() if results.metrics.get(m.name) is not None]
    parts = {
        "all": results.metrics,
        "near a boundary": results.near_boundary,
        "away from one": results.away_from_boundary,
    }
    if results.without_seen_takes is not None:
        parts["unseen takes"] = results.without_seen_takes
    rows = [[m.label, *(score(part.get(m.name)) for part in parts.values())] for m in shown]
    heading = f"{results.recordings} recordings, {results.frames} frames, 95 % intervals"
    console.table(heading, ["", *parts], rows)
    if results.per_condition:
        conditions = results.per_condition
        rows = [[m.label, *(score(c.get(m.name)) for c in conditions.values())] for m in shown]
        console.table("By condition", ["", *conditions], rows)
    # trust has a table of its own, below
    own = [m for m in metrics_of("class") if m.name != "trust"]
    rows = [
        [name, *((_count if m.unit else score)(scores[m.name]) for m in own)]
        for name, scores in results.per_class.items()
    ]
    console.table("By class", ["", *(m.label for m in own)], rows)
    _stages_table(console, results)
    _notes_table(console, results)
    calibration_table(console, results)
    classes = list(results.per_class)
    rows = [
        [name, *(str(count) for count in line)]
        for name, line in zip(classes, results.confusion, strict=True)
    ]
    console.table("Confusion matrix (a row: the true class)", ["", *classes], rows)
    _cost_table(console, results)


def _cost_table(console: Output, results: EvaluationResults) -> None:
    """Print what the answer cost, where it was measured."""
    cost = results.cost
    if cost.seconds_per_audio_second is None:
        return
    cells = (
        f"{cost.seconds_per_audio_second:.4f}",
        "–" if cost.peak_memory_mb is None else f"{cost.peak_memory_mb:.0f}",
        "–" if cost.parameters is None else f"{cost.parameters:,}",
        "–" if cost.training_seconds is None else f"{cost.training_seconds:.0f}",
    )
    heads = ["seconds per second of audio", "peak memory, MiB", "parameters", "training, s"]
    console.table("Cost", heads, [cells])


def _notes_table(console: Output, results: EvaluationResults) -> None:
    """Print whether the probabilities of notes, and what else is said of notes, come true."""
    found = results.notes
    if found is None:
        console.say(
            "the probabilities of notes are not known: the notes are those of the likeliest path"
        )
        return
    rows = [
        ["mean probability of the notes predicted", score(found.confidence)],
        ["share of them that is right (50 ms)", score(found.precision)],
        ["calibration error of notes", score(found.ece)],
        ["the same, debiased", score(found.ece_debiased)],
        ["Brier score per reference note", score(found.brier)],
        ["AUROC of right against wrong notes", score(found.auroc)],
    ]
    for name, times in (("onset", found.onset), ("offset", found.offset)):
        if times is not None:
            rows += [
                [f"{100 * times.level:g} % intervals of the {name} hold it", score(times.coverage)],
                ["their mean width, s", score(times.width)],
            ]
    if found.number is not None:
        rows += [
            ["notes a recording, expected", score(found.number.expected)],
            ["notes a recording, true", score(found.number.true)],
            ["90 % intervals of the number hold it", score(found.number.coverage)],
        ]
    if found.forecast is not None:
        rows += [
            ["onset F1 expected without labels", score(found.forecast.expected)],
            ["onset F1, mean over recordings", score(found.forecast.true)],
            ["rank correlation of the two", score(found.forecast.rank_correlation)],
        ]
    if found.ks_p is not None:
        rows.append(["test that the probabilities are true, p", f"{found.ks_p:.3f}"])
    console.table("Probabilities of notes", [f"{found.notes} notes", ""], rows)
    if found.accept is not None:
        console.say(
            f"--accept-error {found.accept.asked:g}, notes: of these recordings "
            f"{score(found.accept.kept)} of the notes are accepted (probability "
            f"{found.accept.threshold:.3f} and more), {score(found.accept.error)} of those are "
            f"wrong; {found.accept.promise}"
        )


def _stages_table(console: Output, results: EvaluationResults) -> None:
    """Print scores of the two stages of the distribution, whatever design gave it."""
    from bayes_a2m.metrics.metric import metric_named

    stages = {
        "silence or sound": results.stages.silence,
        "which pitch, given sound": results.stages.pitch,
    }
    shown = ("accuracy", "nll", "brier", "ece", "classwise_ece")
    rows = [
        [name, *(score(stage[metric]) for metric in shown)]
        for name, stage in stages.items()
        if stage is not None
    ]
    console.table("By stage", ["", *(metric_named(metric).label for metric in shown)], rows)


def calibration_table(console: Output, results: EvaluationResults) -> None:
    """Print how far each class can be trusted, and what the tests of calibration say."""
    found = results.calibration
    rows = []
    for name, of_class in results.per_class.items():
        test = found.per_class[name].test
        rows.append(
            [
                name,
                score(of_class.trust.share),
                score(of_class.trust.calibration),
                score(of_class["classwise_ece"]),
                *("–" if p is None else f"{p:.3f}" for p in (test.ks_p, test.kuiper_p)),
            ]
        )
    worth = found.effective.effective_frames
    independent = "" if worth is None else f", frames worth {worth:,.0f} independent ones"
    console.table(
        f"Can it be believed? Recalibration: {found.recalibration}{independent}",
        [
            "where it says",
            "right",
            "error of that confidence",
            "calibration error",
            "p (KS)",
            "p (Kuiper)",
        ],
        rows,
    )
    _sets_table(console, results)
    if found.accept is not None:
        console.say(accepted_line(found.accept))
    for caution in [*found.cautions, *(w for sets in found.conformal for w in sets.warnings)]:
        console.warn(f"caution: {caution}")


def raw_table(console: Output, results: EvaluationResults) -> None:
    """Print scores before and after recalibration, and the paired difference."""
    from bayes_a2m.metrics.metric import headline

    found = results.calibration
    if found.gain is None:
        console.say("nothing recalibrates this model: raw scores are its scores")
        return
    rows = [
        [m.label, score(results.raw[m.name]), score(results.metrics[m.name]), score(gain)]
        for m in headline()
        if (gain := found.gain.get(m.name)) is not None
    ]
    title = f"Before and after recalibration ({found.recalibration})"
    console.table(title, ["", "raw", "recalibrated", "difference"], rows)


def _sets_table(console: Output, results: EvaluationResults) -> None:
    """Print how often conformal sets hold the truth, and how large they are, class by class."""
    levels = results.calibration.conformal
    if not levels:
        return
    rows = []
    for name in results.per_class:
        cells = [name]
        for level in levels:
            own = level.per_class[name]
            cells += [score(own.coverage), score(own.size, interval=False)]
        rows.append(cells)
    heads = [
        head
        for level in levels
        for head in (f"{100 * level.level:g} % ({level.way}): hold it", "classes")
    ]
    console.table("Sets of classes that hold the truth", ["frames of", *heads], rows)


def accepted_line(accepted: AcceptResults) -> str:
    """Say in a sentence what accepting confident frames keeps and costs."""
    if accepted.threshold is None:
        return f"--accept-error {accepted.asked:g}: {accepted.promise}"
    return (
        f"--accept-error {accepted.asked:g}: of these recordings {score(accepted.kept)} of "
        f"the frames are accepted (confidence {accepted.threshold:.3f} and more), "
        f"{score(accepted.error)} of those are wrong; {accepted.promise}"
    )

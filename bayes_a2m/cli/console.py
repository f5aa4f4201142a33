"""What verbs say: results on stdout, remarks on stderr, tables that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer


def say(message: str) -> None:
    """A remark, on stderr."""
    typer.echo(message, err=True)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; whole lines where stdout is no terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for i, name in enumerate(header):
        shown.add_column(name, justify="left" if i == 0 else "right")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def score(value: dict[str, float | None] | None, *, interval: bool = True) -> str:
    """A score as people read it: ``0.943 [0.931, 0.953]``; a dash where there is none."""
    if value is None or value["value"] is None:
        return "–"
    text = _number(value["value"])
    if interval and value["low"] is not None and value["high"] is not None:
        text += f" [{_number(value['low'])}, {_number(value['high'])}]"
    return text


def _number(value: float) -> str:
    return f"{value:.3f}"


def _count(value: dict[str, float | None] | None) -> str:
    return "–" if value is None or value["value"] is None else f"{value['value']:.0f}"


def metrics_tables(metrics: dict[str, Any]) -> None:
    """Print what ``metrics.json`` holds: overall, per class, per condition and place."""
    shown = {k: v for k, v in metrics["metrics"].items() if v is not None}
    places = {
        "all": metrics["metrics"],
        "near a boundary": metrics["near_boundary"],
        "away from one": metrics["away_from_boundary"],
    }
    if metrics["without_seen_takes"]:
        places["takes never seen"] = metrics["without_seen_takes"]
    rows = [[n.replace("_", " "), *(score(p[n]) for p in places.values())] for n in shown]
    heading = f"{metrics['recordings']} recordings, {metrics['frames']} frames, 95 % intervals"
    table(heading, ["", *places], rows)
    if metrics["per_condition"]:
        conditions = metrics["per_condition"]
        rows = [[n.replace("_", " "), *(score(c[n]) for c in conditions.values())] for n in shown]
        table("By condition", ["", *conditions], rows)
    # trust has a table of its own, below
    first = next(iter(metrics["per_class"].values())).items()
    names = [n for n, v in first if v is not None and n != "trust"]
    rows = [
        [c, *(_count(v[n]) if n.startswith("false_") else score(v[n]) for n in names)]
        for c, v in metrics["per_class"].items()
    ]
    table("By class", ["", *(n.replace("_", " ") for n in names)], rows)
    _stages_table(metrics)
    calibration_table(metrics)
    classes = list(metrics["per_class"])
    rows = [
        [name, *(str(count) for count in line)]
        for name, line in zip(classes, metrics["confusion"], strict=True)
    ]
    table("Confusion (a row: reference)", ["", *classes], rows)
    cost = metrics["cost"]
    if cost["seconds_per_audio_second"] is not None:
        memory = cost["peak_memory_mb"]
        table(
            "Cost",
            ["seconds per second of audio", "peak memory, MiB", "parameters", "training, s"],
            [
                [
                    f"{cost['seconds_per_audio_second']:.4f}",
                    "–" if memory is None else f"{memory:.0f}",
                    f"{cost['parameters']:,}",
                    f"{cost['training_seconds']:.0f}",
                ]
            ],
        )


def _stages_table(metrics: dict[str, Any]) -> None:
    """Print scores of the law's two stages, whatever design gave it."""
    heads = {"silence": "silence or sound", "pitch": "which pitch, given sound"}
    shown = ("accuracy", "nll", "brier", "ece", "classwise_ece")
    rows = [
        [heads[name], *(score(one[n]) for n in shown)]
        for name, one in metrics["stages"].items()
        if one is not None
    ]
    table("By stage", ["", *(n.replace("_", " ") for n in shown)], rows)


def calibration_table(metrics: dict[str, Any]) -> None:
    """Print how far each class can be trusted, and what the tests of calibration say."""
    found = metrics["calibration"]
    rows = []
    for name, of_class in metrics["per_class"].items():
        more, trusted = found["per_class"][name], of_class["trust"]
        tests = (more["test"][p] for p in ("ks_p", "kuiper_p"))
        rows.append(
            [
                name,
                score(trusted),
                score(trusted["calibration"]),
                score(of_class["classwise_ece"]),
                *("–" if p is None else f"{p:.3f}" for p in tests),
            ]
        )
    worth = found["effective"]["effective_frames"]
    independent = "" if worth is None else f", frames worth {worth:,.0f} independent ones"
    table(
        f"Can it be believed? Recalibration: {found['recalibration']}{independent}",
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
    _sets_table(metrics)
    accepted = found["accept"]
    if accepted is not None:
        say(accepted_line(accepted))
    for caution in [
        *found["cautions"],
        *(w for one in found["conformal"] for w in one["warnings"]),
    ]:
        say(f"caution: {caution}")


def raw_table(metrics: dict[str, Any]) -> None:
    """Print scores before and after recalibration, and the paired difference."""
    found = metrics["calibration"]
    if found["gain"] is None:
        say("nothing recalibrates this model: raw scores are its scores")
        return
    rows = [
        [name.replace("_", " "), score(metrics["raw"][name]), score(after), score(gain)]
        for name, after in metrics["metrics"].items()
        if (gain := found["gain"].get(name)) is not None
    ]
    title = f"Before and after recalibration ({found['recalibration']})"
    table(title, ["", "raw", "recalibrated", "difference"], rows)


def _sets_table(metrics: dict[str, Any]) -> None:
    """Print how often conformal sets hold the truth, and how large they are, class by class."""
    levels = metrics["calibration"]["conformal"]
    if not levels:
        return
    rows = [
        [
            name,
            *(
                score(one["per_class"][name][what], interval=what == "coverage")
                for one in levels
                for what in ("coverage", "size")
            ),
        ]
        for name in metrics["per_class"]
    ]
    heads = [
        head
        for one in levels
        for head in (f"{100 * one['level']:g} % ({one['way']}): hold it", "classes")
    ]
    table("Sets of classes that hold the truth", ["frames of", *heads], rows)


def accepted_line(accepted: dict[str, Any]) -> str:
    """What accepting confident frames keeps and costs, in a sentence."""
    if accepted["threshold"] is None:
        return f"--accept-error {accepted['asked']:g}: {accepted['promise']}"
    return (
        f"--accept-error {accepted['asked']:g}: of these recordings {score(accepted['kept'])} of "
        f"the frames are accepted (confidence {accepted['threshold']:.3f} and more), "
        f"{score(accepted['error'])} of those are wrong; {accepted['promise']}"
    )

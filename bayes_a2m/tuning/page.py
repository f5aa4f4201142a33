"""The page of a search: its course, what mattered, and the value of every setting."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.reporting import style
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.reporting.table import Cell, Column, Table
from bayes_a2m.tuning.study import REASON, SAME, SECONDS, Search
from bayes_a2m.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "index.html"

LEAST = 4
"""Complete trials below which nothing can be said of what mattered."""


def write_search_page(out: Path, search: Search, called: str) -> None:
    """Write ``index.html``, its figures and ``trials.csv``.

    Parameters
    ----------
    out
        The folder.
    search
        The study, of which at least one trial is complete.
    called
        The name of the experiment.
    """
    best = search.best
    assert best is not None
    table = trials_table(search)
    table.write_csv(out / "trials.csv")
    pictures = {"history": history_figure(search), "slices": slices_figure(search)}
    importance = importances(search)
    if importance:
        pictures["importance"] = importance_figure(importance)
    for name, figure in pictures.items():
        style.save(figure, out / f"{name}.png")
    budget = search.space.budget
    facts = {
        "version": __version__,
        "experiment": called,
        "trials": search.count("COMPLETE", "PRUNED", "FAIL"),
        "complete": search.count("COMPLETE"),
        "pruned": search.count("PRUNED"),
        "failed": search.count("FAIL"),
        "best": best.number,
        "value": f"{best.value:.4f}",
        "settings": {key: str(v) for key, v in search.values_of(best).items()},
        "sampler": search.sampler,
        "folds": budget.folds,
        "used": budget.used,
        "epochs": budget.epochs,
        "importance": bool(importance),
        "table": table,
    }
    sections = [
        PageSection("course", "Course of the search", "tuning_history.html", facts),
        PageSection("settings", "What mattered", "tuning_settings.html", facts),
        PageSection("trials", "Every trial", "tuning_trials.html", facts),
    ]
    opening = PageSection("opening", "", "tuning_opening.html", facts)
    title = f"Settings of {called}"
    write_page(out / PAGE, title, opening, sections, embed=True, scripts=("sort.js",))


def trials_table(search: Search) -> Table:
    """Make the table of all trials: how each ended, its value, its settings."""
    columns = [
        Column("trial", "trial", "number", 0),
        Column("state", "state"),
        Column("nll", "NLL", "number", 4),
        Column("seconds", "seconds", "number", 0),
        *(Column(key, key) for key in search.space.parameters),
        Column("note", "note"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for trial in search.trials:
        if trial.state.name == "WAITING":
            continue
        values = search.values_of(trial)
        same = trial.user_attrs.get(SAME)
        note = str(trial.user_attrs.get(REASON, "" if same is None else f"as trial {same}"))
        rows.append(
            (
                trial.number,
                trial.state.name.lower(),
                trial.value,
                trial.user_attrs.get(SECONDS),
                *(_shown(values.get(key)) for key in search.space.parameters),
                note,
            )
        )
    return Table(
        "trials", "NLL on held-out recordings, nats per frame", tuple(columns), tuple(rows)
    )


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _complete(search: Search) -> tuple[list[Any], np.ndarray[Any, np.dtype[np.float64]]]:
    """The complete trials in the order of their numbers, and their values."""
    trials = [t for t in search.trials if t.state.name == "COMPLETE"]
    return trials, np.array([t.value for t in trials], dtype=np.float64)


def history_figure(search: Search) -> Figure:
    """Draw every trial's value, and the best so far, by number."""
    from matplotlib.ticker import MaxNLocator

    trials, values = _complete(search)
    numbers = [t.number for t in trials]
    figure = style.new_figure(style.COLUMN, 2.4)
    axes = figure.add_subplot()
    axes.plot(numbers, values, "o", color=style.BLUE, markersize=4, label="trial")
    axes.step(
        numbers,
        np.minimum.accumulate(values),
        where="post",
        color=style.ORANGE,
        label="best so far",
    )
    for trial in search.trials:
        if trial.state.name == "PRUNED":
            axes.axvline(trial.number, color="0.85", linewidth=1, zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.dress(axes, x="trial (grey: pruned)", y="NLL (nats per frame)", grid=True)
    axes.legend(fontsize=style.TICK, frameon=False)
    figure.tight_layout(pad=0.4)
    return figure


def importances(search: Search) -> dict[str, float]:
    """Shares of the variance of the values that single settings account for, the greatest first.

    They are those of functional analysis of variance over a random forest (Hutter, Hoos and
    Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance"), from
    complete trials alone; empty where there are too few, or all values are the same.
    """
    import optuna

    trials, values = _complete(search)
    if len(trials) < LEAST or np.ptp(values) == 0:
        return {}
    with warnings.catch_warnings(action="ignore"):
        try:
            found = optuna.importance.get_param_importances(
                search.study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
            )
        except (RuntimeError, ValueError):  # no setting has two values
            return {}
    return dict(found)


def importance_figure(shares: dict[str, float]) -> Figure:
    """Draw the shares of :func:`importances` as bars."""
    figure = style.new_figure(style.COLUMN, 0.6 + 0.25 * len(shares))
    axes = figure.add_subplot()
    names = [style.label(name) for name in reversed(shares)]
    axes.barh(names, list(shares.values())[::-1], color=style.BLUE)
    style.dress(axes, x="share of the variance of NLL")
    figure.tight_layout(pad=0.4)
    return figure


def slices_figure(search: Search) -> Figure:
    """Draw the value of every complete trial against each of its settings, a panel a setting."""
    trials, values = _complete(search)
    parameters = search.space.parameters
    across = 3
    down = -(-len(parameters) // across)
    figure = style.new_figure(style.WIDTH, 1.9 * down)
    for place, (key, parameter) in enumerate(parameters.items(), start=1):
        axes = figure.add_subplot(down, across, place)
        known = [(t.params[key], v) for t, v in zip(trials, values, strict=True) if key in t.params]
        if parameter.choices is not None:
            names = [parameter.stored(choice) for choice in parameter.choices]
            axes.set_xticks(range(len(names)), [style.label(str(n), 9) for n in names])
            x = [float(names.index(p)) for p, _ in known]
        else:
            x = [float(p) for p, _ in known]
            if parameter.log:
                axes.set_xscale("log")
        order = np.linspace(0.15, 1.0, max(1, len(x)))  # later trials are darker
        axes.scatter(x, [v for _, v in known], c=order, cmap="Blues", vmin=0, vmax=1, s=14)
        style.dress(axes, x=key.rpartition(".")[2], y="NLL" if place % across == 1 else "")
    figure.tight_layout(pad=0.5)
    return figure

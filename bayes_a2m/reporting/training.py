"""The course of a training."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def has_losses(log: str) -> bool:
    """Whether a ``training.csv`` is of epochs: baselines have none, only choices."""
    header, _, rows = log.partition("\n")
    return {"epoch", "train_nll", "tuning_nll"} <= set(header.split(",")) and bool(rows.strip())


def loss_figure(log: str) -> Figure:
    """NLL of the training and the tuning split by epoch, the chosen epoch marked.

    Parameters
    ----------
    log
        The content of ``training.csv``.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    rows = list(csv.DictReader(io.StringIO(log)))
    epochs = [float(r["epoch"]) + 1 for r in rows]
    fit = [float(r["train_nll"]) for r in rows]
    tune = [float(r["tuning_nll"]) for r in rows]
    figure = style.new_figure(style.COLUMN, 2.4)
    axes = figure.add_subplot()
    axes.plot(epochs, fit, color=style.ORANGE, label="training split, augmented")
    axes.plot(epochs, tune, color=style.BLUE, label="tuning split")
    if rows:
        best = min(range(len(rows)), key=lambda i: tune[i])
        axes.plot(
            epochs[best],
            tune[best],
            "o",
            color=style.BLUE,
            markersize=4,
            label=f"chosen: epoch {best + 1}, {tune[best]:.3f}",
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    # labels at 1, 2 and 5 only: all of them would lie on each other
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.dress(axes, x="epoch", y="NLL (nats per frame)", grid=True)
    axes.legend(fontsize=style.TICK, frameon=False)
    figure.tight_layout(pad=0.4)
    return figure

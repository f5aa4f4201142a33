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


def trainings(log: str) -> list[list[dict[str, str]]]:
    """The rows of a log, training by training: an ensemble's log holds those of all its members.

    Epochs are counted through, so a training begins where the learning rate is that of the first
    row again and the loss of the training split jumps up by a third or more.

    Parameters
    ----------
    log
        The content of ``training.csv``.

    >>> head = "epoch,train_nll,tuning_nll,learning_rate"
    >>> log = "\\n".join([head, "0,1.2,1.1,0.1", "1,0.4,0.5,0.3", "2,1.3,1.2,0.1", "3,0.4,0.4,0.3"])
    >>> [[row["epoch"] for row in training] for training in trainings(log)]
    [['0', '1'], ['2', '3']]
    """
    found: list[list[dict[str, str]]] = []
    for row in csv.DictReader(io.StringIO(log)):
        again = (
            found
            and row.get("learning_rate") == found[0][0].get("learning_rate")
            and float(row["train_nll"]) > 4 / 3 * float(found[-1][-1]["train_nll"])
        )
        if not found or again:
            found.append([])
        found[-1].append(row)
    return found


def chosen_epochs(log: str) -> list[tuple[int, float]]:
    """The epoch, from 1, of the lowest loss on the tuning split, and that loss, of each training.

    >>> chosen_epochs("epoch,train_nll,tuning_nll\\n0,1.2,1.1\\n1,0.4,0.5\\n2,0.3,0.6\\n")
    [(2, 0.5)]
    """
    losses = [[float(row["tuning_nll"]) for row in rows] for rows in trainings(log)]
    return [(own.index(min(own)) + 1, min(own)) for own in losses]


def loss_caption(log: str) -> str:
    """The caption of :func:`loss_figure`.

    >>> loss_caption("epoch,train_nll,tuning_nll\\n0,1.2,1.1\\n1,0.4,0.5\\n")
    'Of 2 epochs, epoch 2 has the lowest loss on the tuning split, 0.500.'
    """
    epochs = [len(rows) for rows in trainings(log)]
    chosen = chosen_epochs(log)
    if len(chosen) == 1:
        (epoch, loss), *_ = chosen
        return (
            f"Of {epochs[0]} epochs, epoch {epoch} has the lowest loss on the tuning split, "
            f"{loss:.3f}."
        )
    every, losses = [epoch for epoch, _ in chosen], [loss for _, loss in chosen]
    return (
        f"{len(chosen)} trainings, a line each, of up to {max(epochs)} epochs; the lowest loss on "
        f"the tuning split, {min(losses):.3f} to {max(losses):.3f}, came in epochs {min(every)} to "
        f"{max(every)}."
    )


def loss_figure(log: str) -> Figure:
    """NLL of the training and the tuning split by epoch, the chosen epoch marked.

    An ensemble has a pair of lines a member, from epoch 1 each.

    Parameters
    ----------
    log
        The content of ``training.csv``.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    every = trainings(log)
    thin = 0.8 if len(every) > 1 else None
    figure = style.new_figure(style.COLUMN, 2.4)
    axes = figure.add_subplot()
    for i, (rows, (best, loss)) in enumerate(zip(every, chosen_epochs(log), strict=True)):
        epochs = range(1, len(rows) + 1)
        names = ["training split, augmented", "tuning split", f"chosen: epoch {best}, {loss:.3f}"]
        if len(every) > 1:
            names[2] = "chosen"
        fit, tune, chosen = names if i == 0 else [None] * 3
        losses = [[float(row[key]) for row in rows] for key in ("train_nll", "tuning_nll")]
        axes.plot(epochs, losses[0], color=style.ORANGE, linewidth=thin, label=fit)
        axes.plot(epochs, losses[1], color=style.BLUE, linewidth=thin, label=tune)
        axes.plot(best, loss, "o", color=style.BLUE, markersize=4, label=chosen)
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

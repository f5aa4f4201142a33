"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.reporting import style
from bayes_a2m.reporting.many import most_confused, told, with_others

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_figure(table: ArrayLike, names: Sequence[str]) -> Figure:
    """Frames by true and predicted class: the share of each true class, and the number of frames.

    Parameters
    ----------
    table
        Frames by truth (row) and by the class predicted (column), shape ``(class, class)``.
    names
        The names of the classes.

    Returns
    -------
    Figure
        One column wide; a class that never occurs has an empty row. Of more than twelve classes
        the ten with most errors are shown, the others together.
    """
    figure = style.new_figure(style.COLUMN, 2.9 if len(names) <= 6 else 3.4)
    draw_confusion(figure.add_subplot(), table, names)
    figure.tight_layout(pad=0.4)
    return figure


def draw_confusion(axes: Axes, table: ArrayLike, names: Sequence[str]) -> None:
    """Draw a confusion matrix: the share of each true class, and the number of frames.

    Parameters
    ----------
    axes
        Where to draw.
    table, names
        The same as for :func:`confusion_figure`.
    """
    shown = most_confused(table)
    counts = with_others(table, shown)
    names = [names[k] for k in shown] + ["others"] * (len(counts) - len(shown))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    few = len(names) <= 6
    for row, column in np.ndindex(*counts.shape):
        if not few and not counts[row, column]:
            continue
        strong = share[row, column] > 0.5
        frames = counts[row, column]
        axes.text(
            column,
            row,
            (f"{_share(share[row, column])}\n{frames:,.0f}" if frames else "–")
            if few
            else _share(share[row, column], digits=0).removesuffix(" %"),
            ha="center",
            va="center",
            fontsize=style.TICK if few else style.TICK - 0.5,
            linespacing=1.35,
            color="white" if strong else style.INK,
        )
    axes.set_xticks(range(len(names)), labels=names, rotation=0 if few else 90)
    axes.set_yticks(range(len(names)), labels=names)
    style.dress(axes, x="predicted", y="truth")
    if not few:
        style.say(axes, "% of the true class")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def confusion_caption(table: ArrayLike, names: Sequence[str]) -> str:
    """The caption of the figure: its most common mistake.

    >>> confusion_caption([[5, 1], [3, 9]], ("silence", "C4"))
    'The commonest mistake is C4 predicted as silence: 3 frames, 75 % of all mistakes.'
    """
    mistake = most_common_mistake(table, names)
    limited = told(
        names, most_confused(table), "that most errors are of or with, the others together"
    )
    if mistake is None:
        return f"No frame is predicted wrongly.{limited}"
    return (
        f"The commonest mistake is {mistake['truth']} predicted as {mistake['called']}: "
        f"{mistake['frames']:,} frames, {100 * mistake['share_of_mistakes']:.0f} % of all mistakes."
        f"{limited}"
    )


def most_common_mistake(table: ArrayLike, names: Sequence[str]) -> dict[str, Any] | None:
    """The largest cell of a confusion matrix off its diagonal; None where there is no mistake.

    >>> most_common_mistake([[5, 1], [3, 9]], ("silence", "C4"))
    {'truth': 'C4', 'called': 'silence', 'frames': 3, 'share_of_mistakes': 0.75}
    """
    wrong = np.array(table)
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return None
    truth, predicted = divmod(int(wrong.argmax()), wrong.shape[1])
    return {
        "truth": names[truth],
        "called": names[predicted],
        "frames": int(wrong.max()),
        "share_of_mistakes": float(wrong.max() / wrong.sum()),
    }


def _share(value: float, digits: int = 1) -> str:
    """A share as a percentage that is neither 0 nor 100 unless it is just that.

    >>> _share(0.9996), _share(0.0004), _share(0.25), _share(1.0)
    ('>99.9 %', '<0.1 %', '25.0 %', '100 %')
    """
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    text, least = f"{100 * value:.{digits}f}", 10.0**-digits
    if float(text) == 0:
        return f"<{least:g} %"
    return f">{100 - least:g} %" if float(text) == 100 else f"{text} %"

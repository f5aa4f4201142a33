"""One look for every figure: sizes, fonts and colours fit for a paper.

Figures are made without pyplot, so nothing is global: no backend is chosen, no ``rcParams``
are changed, and a figure is freed when its last name goes. Colours are those of Okabe and Ito
(https://jfly.uni-koeln.de/color/), which people with any kind of colour vision tell apart.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.escape import encodable, printable
from bayes_a2m.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Inches: two columns of a paper, or the text of a page."""

COLUMN = 3.5
"""Inches: one column of a paper."""

DPI = 200
"""Dots per inch of a PNG."""

SPECTRUM_DPI = 150
"""The same where most of the picture is a spectrum: more takes room and shows nothing finer."""

TITLE, LABEL, TICK = 8.5, 8.0, 7.0
"""Font sizes in points, as printed at full width."""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW)
"""Okabe and Ito's colours in the order to use them: those that stand out on white first."""

SILENCE = "#888888"
"""Colour of silence; also of what is secondary."""

INK = "#222222"
"""Colour of text and axes."""

GREY = "#595959"
"""Colour of what is said beside: still read easily on white."""

FORMATS = ("png", "svg", "pdf")
"""The formats that :func:`save` can write."""


def class_colours(classes: int) -> tuple[str, ...]:
    """A colour for silence and for every pitch, as hexadecimal.

    Up to seven pitches get the palette's colours; more are spread over *viridis* from low to
    high (its pale end left out), so neighbours in pitch are neighbours in colour.

    Parameters
    ----------
    classes
        The number of classes, silence included: ``len(vocabulary)``.

    >>> class_colours(4)
    ('#888888', '#0072B2', '#D55E00', '#009E73')
    """
    pitches = classes - 1
    if pitches <= len(PALETTE):
        return (SILENCE, *PALETTE[:pitches])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    shades = colormaps["viridis"]
    return (SILENCE, *(to_hex(shades(0.92 * k / (pitches - 1))) for k in range(pitches)))


LINES: tuple[str | tuple[int, tuple[int, ...]], ...] = (
    "solid",
    (0, (5, 2)),
    (0, (1, 1)),
    (0, (5, 2, 1, 2)),
    (0, (3, 1)),
    (0, (7, 2, 1, 2, 1, 2)),
)
"""Line styles in the order to use them."""

MARKERS = "os^Dv<>PX*h"
"""Markers in the order to use them."""


@dataclass(frozen=True)
class Look:
    """Look of one of several series: told apart by line and marker where colours are not seen."""

    colour: str
    line: str | tuple[int, tuple[int, ...]]
    marker: str


def looks(count: int) -> tuple[Look, ...]:
    """A look for each of several series: no two have one colour, or one line and one marker.

    Up to six series have colours of the palette; more are spread over *viridis*.

    >>> [look.colour for look in looks(2)], len({look.colour for look in looks(40)})
    (['#0072B2', '#D55E00'], 40)
    """
    colours: Sequence[str] = PALETTE[:6]  # yellow lines are not seen on white
    if count > len(colours):
        from matplotlib import colormaps
        from matplotlib.colors import to_hex

        shades = colormaps["viridis"]
        colours = [to_hex(shades(0.9 * k / (count - 1))) for k in range(count)]
    return tuple(
        Look(colours[k], LINES[k % len(LINES)], MARKERS[k % len(MARKERS)]) for k in range(count)
    )


def new_figure(width: float = WIDTH, height: float = 4.0) -> Figure:
    """An empty figure, in inches, to be drawn with the Agg backend.

    >>> new_figure(3.5, 2.0).get_size_inches()
    array([3.5, 2. ])
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, *, title: str = "", x: str = "", y: str = "", grid: bool = False) -> Axes:
    """Give axes their labels, fonts, thin lines and no box; returns them.

    Labels left empty stay as they are.
    """
    if title:
        axes.set_title(title, fontsize=TITLE, color=INK, loc="left", pad=5)
    if x:
        axes.set_xlabel(x, fontsize=LABEL, color=INK)
    if y:
        axes.set_ylabel(y, fontsize=LABEL, color=INK)
    axes.tick_params(labelsize=TICK, width=0.6, length=2.5, color=INK, labelcolor=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_linewidth(0.6)
        axes.spines[side].set_color(INK)
    if grid:
        axes.grid(True, linewidth=0.4, color="#dddddd")
        axes.set_axisbelow(True)
    return axes


def say(axes: Axes, words: str) -> None:
    """Say in small grey letters above the axes, at the right, what a line or a colour means.

    There no data can touch the words.
    """
    axes.set_title(words, fontsize=TICK, color=GREY, loc="right", pad=5)


def name_ends(
    axes: Axes, ends: Sequence[tuple[float, float, str, str]], *, size: float = TICK
) -> None:
    """Name lines at their right ends, beside the axes, where names have room one below another.

    Call it when the limits of the axes are final: a name that another would touch is moved up or
    down, and a thin line leads to it.

    Parameters
    ----------
    axes
        The axes of the lines.
    ends
        Where every line ends, in its data, its name and its colour.
    size
        Points of the letters.
    """
    import numpy as np

    if not ends:
        return
    order = sorted(ends, key=lambda end: end[1])
    transform = axes.transData + axes.transAxes.inverted()
    places = [float(transform.transform((x, y))[1]) for x, y, _, _ in order]
    height = axes.bbox.height * 72 / axes.figure.dpi
    room = 1.25 * size / height
    moved = np.array(places)
    for _ in range(200):  # push neighbours apart, each by half
        for k in range(len(moved) - 1):
            lack = room - (moved[k + 1] - moved[k])
            if lack > 1e-6:
                moved[k] -= lack / 2
                moved[k + 1] += lack / 2
        moved += max(0.0, -float(moved.min())) - max(0.0, float(moved.max()) - 1.0)
    right = float(axes.get_xlim()[1])
    for (x, y, name, colour), place in zip(order, moved, strict=True):
        axes.annotate(
            label(name),
            (x, y),
            xytext=(1.06, float(place)),
            textcoords="axes fraction",
            fontsize=size,
            color=INK,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.7,
                "shrinkA": 1.0,
                "relpos": (0.0, 0.5),
                "shrinkB": 2.0 if x < right else 0.0,
            },
        )


def label(name: str, most: int = 28) -> str:
    """A name from outside as a figure shows it: on one line, not too long, and not as formulas.

    >>> label("a$b$"), label("x" * 40, 8), label("_hidden")
    ('a\\\\$b\\\\$', 'xxxxxxx…', 'hidden')
    """
    text = " ".join(name.split())
    if len(text) > most:
        text = text[: most - 1] + "…"
    # matplotlib takes dollars for formulas, and leaves what starts with _ out of legends
    return _without_formulas(printable(text)).lstrip("_") or "?"


def _without_formulas(text: str) -> str:
    """The text with its dollars as dollars, also where matplotlib would look for a formula."""
    return re.sub(r"(?<!\\)\$", r"\$", encodable(text))


@dataclass(frozen=True)
class _Escaped:
    """A function that names ticks, its names escaped."""

    name: Callable[..., str]

    @classmethod
    def of(cls, name: Callable[..., str]) -> _Escaped:
        return name if isinstance(name, cls) else cls(name)

    def __call__(self, value: float, position: int | None = None) -> str:
        return _without_formulas(self.name(value, position))


def _escape(figure: Figure) -> None:
    """Escape names that were given to a figure as they are: it has no formulas of its own.

    But for the ticks of logarithmic axes, which matplotlib writes as formulas.
    """
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    ticks: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks.update(id(text) for text in axis.get_ticklabels(which="both"))
            for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
                if isinstance(formatter, FixedFormatter):
                    formatter.seq = [_without_formulas(text) for text in formatter.seq]
                elif isinstance(formatter, FuncFormatter):  # what set_yticks(labels=...) makes
                    formatter.func = _Escaped.of(formatter.func)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if id(text) not in ticks:
            text.set_text(_without_formulas(text.get_text()))


def save(figure: Figure, path: Path, *, dpi: int = DPI) -> None:
    """Write a figure as PNG, SVG or PDF, whichever the path ends in, atomically.

    The same figure gives the same bytes: no date is written, and SVG ids do not vary.

    Raises
    ------
    InputError
        If the path ends in something else, or cannot be written to.
    """
    import matplotlib

    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise InputError(
            f"{path}: a figure is written as {', '.join(FORMATS)}{suggest(kind, FORMATS)}"
        )
    undated = {"png": None, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    _escape(figure)
    with (
        atomic_path(path) as temporary,
        warnings.catch_warnings(),
        # for the time of writing only; 42 keeps the text of a PDF text
        matplotlib.rc_context({"svg.hashsalt": "bayes_a2m", "pdf.fonttype": 42}),
    ):
        # a script that the font lacks is drawn as boxes, the name stands beside the picture
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=undated)

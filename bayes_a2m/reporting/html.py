"""Pages to read in a browser: sections in a frame, everything a file beside the page.

A page is a title, an opening and sections. Each section has a template, which holds its words,
and facts, which are plain numbers and names (the same that go into a JSON file). What facts say
is escaped: a recording called ``<b>`` is shown as ``<b>``. A fact that a template asks for and
that is not there is an error, not a gap.

Pages need no network: the style is inside; pictures and sounds lie beside them or, in a page that
is to be sent on, are inside, too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bayes_a2m import renamed
from bayes_a2m.errors import InputError
from bayes_a2m.files import write_text
from bayes_a2m.reporting.table import shown as cell_text
from bayes_a2m.reporting.table import sort_key
from bayes_a2m.resampling.bootstrap import Interval

if TYPE_CHECKING:
    from jinja2 import Environment


_KINDS = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
}
"""The kinds of files that a page may hold, by ending."""

SOUNDS = (".wav", ".flac")
"""The endings of files to listen to."""


@dataclass(frozen=True)
class PageSection:
    """One section of a page.

    Attributes
    ----------
    name
        The section's anchor: letters and digits.
    title
        The heading.
    template
        A file of ``reporting/templates``; it sees every fact by its name.
    facts
        Plain values.
    """

    name: str
    title: str
    template: str
    facts: Mapping[str, Any]


def write_page(
    path: Path,
    title: str,
    opening: PageSection,
    sections: Sequence[PageSection],
    *,
    embed: bool = False,
    embed_sound: bool | None = None,
    scripts: Sequence[str] = (),
) -> None:
    """Write a page, atomically; pictures and sounds must be there already.

    Raises
    ------
    InputError
        If a picture is missing or no PNG, or the page cannot be written.
    """
    text = render_page(
        path.parent, title, opening, sections, embed=embed, embed_sound=embed_sound, scripts=scripts
    )
    write_text(path, text)


def render_page(
    folder: Path,
    title: str,
    opening: PageSection,
    sections: Sequence[PageSection],
    *,
    embed: bool = False,
    embed_sound: bool | None = None,
    scripts: Sequence[str] = (),
) -> str:
    """The page as text.

    Parameters
    ----------
    folder
        The folder that the page will lie in; paths of files are relative to it.
    title
        The title of the page.
    opening
        The section above the table of contents; its title is not shown.
    sections
        The rest, in order.
    embed
        Put pictures and sounds into the page, so that it can be sent on alone.
    embed_sound
        Whether sounds are put into the page; as pictures are, unless given.
    scripts
        Files of ``reporting/templates`` to run in the page; it reads well without them.
    """
    environment = _environment()
    inside = {True: embed, False: embed if embed_sound is None else embed_sound}

    def source_of(file: str) -> str:
        is_picture = not file.endswith(SOUNDS)
        return data_uri(folder / file) if inside[is_picture] else _address(file)

    def shown(section: PageSection) -> str:
        template = environment.get_template(section.template)
        return template.render(
            section.facts,
            embedded=embed,
            size_of=lambda file: png_size(folder / file),
            source_of=source_of,
        )

    text = environment.get_template("page.html").render(
        title=title,
        opening=shown(opening),
        sections=[(section.name, section.title, shown(section)) for section in sections],
        scripts=list(scripts),
    )
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def _address(file: str) -> str:
    """A file beside the page as an address; a name need not be UTF-8."""
    return quote(file, errors="surrogateescape")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file in pixels, read from its header alone.

    Raises
    ------
    InputError
        If it is missing or no PNG.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.size
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: the page shows this picture, and it is no PNG") from error
    except OSError as error:
        raise InputError(f"{path}: the page shows this picture ({error.strerror})") from error


def data_uri(path: Path) -> str:
    """A file as the address of itself.

    Raises
    ------
    InputError
        If it is missing, or of a kind that pages do not show.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path}: a page holds {', '.join(_KINDS)}, not this")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the page shows this ({error.strerror})") from error
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


# --- how values read ----------------------------------------------------------------------


def score(value: float | None, digits: int = 3) -> str:
    """A number with three decimals; a dash where there is none.

    >>> score(0.94321), score(None)
    ('0.943', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}"


def interval(bounds: Interval | Mapping[str, float | None] | None, digits: int = 3) -> str:
    """The bounds of a score, "0.931 to 0.953"; nothing where there are none.

    >>> interval(Interval(0.9, 0.85, 0.95))
    '0.850 to 0.950'
    >>> interval(None)
    ''
    """
    known = Interval(**bounds) if isinstance(bounds, Mapping) else bounds
    if known is None or known.low is None or known.high is None:
        return ""
    return f"{score(known.low, digits)} to {score(known.high, digits)}"


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a percentage, with a space that does not break.

    >>> percent(0.875, 1)
    '87.5\\xa0%'
    """
    return "–" if value is None else f"{100 * value:.{digits}f}\xa0%"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """A count and its noun.

    >>> plural(1, "note"), plural(1200, "note")
    ('1 note', '1,200 notes')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def joined(words: Sequence[str]) -> str:
    """Words as a list in a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    parts = [str(word) for word in words]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


@cache
def _environment() -> Environment:
    """The environment of the templates: where they lie, and their filters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bayes_a2m.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for reads in (score, interval, percent, plural, joined, sort_key):
        environment.filters[reads.__name__] = reads
    environment.globals["cell_text"] = cell_text
    return environment


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)

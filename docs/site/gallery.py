"""The gallery: every figure of docs/site/figures.py, with its caption and the code that made it."""

from __future__ import annotations

import ast
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

CODE = Path(__file__).with_name("figures.py")

PAGE = "gallery.md"

HERE = "<!-- The figures, written by docs/site/gallery.py -->"
"""Where in the page they go."""


@dataclass(frozen=True)
class Cell:
    """One cell: its title, the words above its code, and the code."""

    title: str
    words: str
    code: str

    @property
    def stem(self) -> str:
        """The name of its figure's file."""
        return re.sub(r"\W+", "_", self.title.lower())


def cells(text: str) -> list[Cell]:
    """The cells of a script.

    >>> cells("# %% One\\n# It is one.\\nx = 1\\n")
    [Cell(title='One', words='It is one.', code='x = 1')]
    """
    found = []
    for part in re.split(r"^# %% ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        lines = body.splitlines()
        first = next((i for i, line in enumerate(lines) if not line.startswith("# ")), len(lines))
        words = " ".join(line[2:] for line in lines[:first])
        found.append(Cell(title, words, "\n".join(lines[first:]).strip()))
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Run the cells, and add their figures."""
    from mkdocs.structure.files import File

    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    text = ""
    names: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(ROOT)  # for data/sample
    try:
        for cell in cells(CODE.read_text(encoding="utf-8")):
            exec(compile(ast.parse(cell.code), str(CODE), "exec"), names)
            text += f"## {cell.title}\n\n"
            drawn = names.pop("shown", None)
            if drawn is not None:
                image = f"gallery/{cell.stem}.svg"
                files.append(File.generated(config, image, content=vector(drawn)))
                text += f"![{cell.title}]({image})\n\n"
                caption = getattr(drawn, "caption", "")
                text += f"*{caption}*\n\n" if caption else ""
            text += f"{cell.words}\n\n```python\n{cell.code}\n```\n\n"
    finally:
        os.chdir(before)
    config.extra["gallery"] = text
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Fill the page."""
    if page.file.src_uri != PAGE:
        return markdown
    return markdown.replace(HERE, config.extra["gallery"])


def vector(drawn: Any) -> bytes:
    """A figure as SVG, whether it has a caption or not."""
    from tempfile import TemporaryDirectory

    from bayes_a2m.reporting import style

    with TemporaryDirectory() as folder:
        path = Path(folder) / "figure.svg"
        style.save(getattr(drawn, "figure", None) or drawn, path)
        return path.read_bytes()

"""Pages and files of the repository outside of docs/, at the same places in the site.

The README becomes the first page; a report, a table or a figure that a page links to comes along,
and links are written anew for where things lie in the site. What is linked to and is neither a
page nor a file that a browser shows keeps its words and loses its link.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "reports/README.md")
"""Pages outside of docs/ that the others are found from."""

SHOWN = (".md", ".png", ".svg", ".csv", ".json", ".yaml", ".html", ".ipynb")
"""Kinds of files that come along when a page links to them."""

LINK = re.compile(
    r"(?P<before>!?\[(?:[^\[\]]|\[[^\]]*\]|!\[[^\]]*\]\([^)]*\))*\])\((?P<link>[^)\s]+)\)"
)
"""An inline link or image: its text in brackets, and where to."""


def place(path: Path) -> str:
    """The place in the site of a file of the repository."""
    inside = path.relative_to(ROOT).as_posix()
    if inside == "README.md":
        return "index.md"
    return inside.removeprefix("docs/").replace(".ipynb", ".md")


def target(page: Path, link: str) -> Path | None:
    """The file that a link of a page points to; None if it is an address, or not shown."""
    file = link.partition("#")[0]
    if not file or re.match(r"[a-z]+:", file):
        return None
    path = Path(os.path.normpath(page.parent / file))
    if path.is_dir():
        path /= "README.md"
    return path if path.is_file() and path.suffix in SHOWN else None


def links(text: str) -> Iterator[str]:
    """Where the links of a page go, those of images within links too; not what looks so in code."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    for found in re.finditer(r"\]\(([^)\s]+)\)", prose):
        yield found[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside of docs/, and all that any page links to."""
    from mkdocs.structure.files import File

    docs = Path(config.docs_dir)
    pages = deque([*docs.rglob("*.md"), *(ROOT / name for name in OUTSIDE)])
    known = set(pages)
    while pages:
        page = pages.popleft()
        if page.suffix != ".ipynb" and files.get_file_from_path(place(page)) is None:
            files.append(File.generated(config, place(page), abs_src_path=str(page)))
        if page.suffix != ".md":
            continue
        for link in links(page.read_text(encoding="utf-8")):
            path = target(page, link)
            if path is not None and path not in known:
                known.add(path)
                pages.append(path)
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Put a page a study below Studies."""
    from mkdocs.structure.nav import Section

    studies = next(item for item in nav.items if item.title == "Studies")
    assert isinstance(studies, Section)
    for file in sorted(files.documentation_pages(), key=lambda file: file.src_uri):
        page = file.page
        if page in nav.pages or not re.fullmatch(r"reports/.+/README\.md", file.src_uri):
            continue
        assert page is not None
        page.parent = studies
        studies.children.append(page)
        nav.pages.append(page)
    for before, after in zip(nav.pages, nav.pages[1:], strict=False):
        before.next_page, after.previous_page = after, before
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to where their files lie in the site, and show doctests as consoles."""
    source = page.file.abs_src_path
    if source is None:
        return markdown
    own, at = Path(source), Path(place(Path(source))).parent

    def anew(found: re.Match[str]) -> str:
        link, before = found["link"], found["before"]
        before = LINK.sub(anew, before) if before.startswith("[![") else before
        if link.startswith("#") or re.match(r"[a-z]+:", link):
            return f"{before}({link})"
        path = target(own, link)
        if path is None:
            inside = Path(os.path.normpath(own.parent / link.partition("#")[0]))
            return before[1:-1] if inside.exists() else f"{before}({link})"
        _, hash_, anchor = link.partition("#")
        return f"{before}({os.path.relpath(place(path), at)}{hash_}{anchor})"

    parts = re.split(r"(^```.*?^```$|`[^`\n]*`)", markdown, flags=re.DOTALL | re.MULTILINE)
    # a link whose text is code is cut in pieces by that: so links first, code of its own aside
    kept: list[str] = []

    def aside(part: str) -> str:
        kept.append(part)
        return f"\0{len(kept) - 1}\0"

    text = "".join(aside(part) if i % 2 else part for i, part in enumerate(parts))
    text = LINK.sub(anew, text)
    text = re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)
    return re.sub(r"^```python\n(?=>>>)", "```pycon\n", text, flags=re.MULTILINE)

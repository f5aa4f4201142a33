"""The repository stays small, and its pages point to what is there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LARGEST = 1 << 20
"""Bytes that a file may have, but for the sample of recordings."""

LINK = re.compile(r"""(?:\]\(|\b(?:src|href)=")(?P<target>[^)\s"]+)""")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Files that git keeps and that are there."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_is_large(tracked: list[Path]) -> None:
    large = {
        str(path.relative_to(ROOT)): size
        for path in tracked
        if (size := path.stat().st_size) > LARGEST
        and not path.is_relative_to(ROOT / "data" / "sample")
    }
    assert not large


def test_reports_hold_no_pages(tracked: list[Path]) -> None:
    """A command beside them makes pages; text, tables, numbers and figures are kept."""
    pages = [path for path in tracked if path.suffix == ".html"]
    assert not [path for path in pages if path.is_relative_to(ROOT / "reports")]
    assert pages  # the templates


def test_every_figure_of_a_report_is_shown(tracked: list[Path]) -> None:
    shown = {target for page in pages_of_text(tracked) for target in targets(page)}
    figures = [
        path
        for path in tracked
        if path.suffix in (".png", ".svg") and path.is_relative_to(ROOT / "reports")
    ]
    assert figures
    assert not [str(path.relative_to(ROOT)) for path in figures if path not in shown]


def test_links_point_to_files_that_are_there(tracked: list[Path]) -> None:
    kept = {parent for path in tracked for parent in (path, *path.parents)}
    pages = pages_of_text(tracked)
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in targets(page)
        if target not in kept
    ]
    assert len(pages) > 30
    assert not dead


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('[a](there/a.md#part) ![b](b.png) <img src="c.svg"> [d](https://e.org) [f](#g)')
    assert targets(page) == [tmp_path / "there" / "a.md", tmp_path / "b.png", tmp_path / "c.svg"]


def pages_of_text(tracked: list[Path]) -> list[Path]:
    """All Markdown."""
    return [path for path in tracked if path.suffix == ".md"]


def targets(page: Path) -> list[Path]:
    """Files and folders that a page links to, or shows; not addresses, not places in itself."""
    text = page.read_text(encoding="utf-8")
    links = (match["target"].partition("#")[0] for match in LINK.finditer(text))
    return [
        Path(os.path.normpath(page.parent / link))
        for link in links
        if link and not re.match(r"\w+:", link)
    ]

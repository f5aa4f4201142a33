"""The README is short, links of the documentation lead somewhere, every page is listed."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def links(text: str) -> Iterator[str]:
    """Where the links of a page go that are no addresses; code has none."""
    for found in re.finditer(r"\]\(([^)\s]+)\)", CODE.sub("", text)):
        if not re.match(r"[a-z]+:", found[1]):
            yield found[1]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    words = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", one).strip().lower() for one in headings)
    return {re.sub(r"[^\w\- ]", "", one).replace(" ", "-") for one in words}


def dead(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for link in links(page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        found = target.exists()
        if found and anchor:
            found = anchor in anchors(target.read_text(encoding="utf-8"))
        if not found:
            yield link


def hook(name: str) -> ModuleType:
    """A script that writes a part of the site."""
    path = ROOT / "docs" / "site" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"docs_site_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for their types
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_at_most_900_words() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_the_readme_has_a_small_picture_and_the_commands_of_ci() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    picture = ROOT / "docs" / "assets" / "transcription.png"
    assert "docs/assets/transcription.png" in text
    assert "docs/site/picture.py" in text
    assert picture.stat().st_size < 150_000
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("make test", "make docs"):
        assert command in text
        assert re.search(rf"^{command}\b", ci, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(dead(page))


def test_dead_links_and_anchors_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("# One `or` two, (three)\n```\n# no heading\n```\n")
    page.write_text(
        "# Here\n[a](there.md#one-or-two-three) [b](there.md#no-heading) [c](#here) [d](#there) "
        "[e](gone.md) [f](https://example.org/gone) `[g](gone.md)`\n"
    )
    assert list(dead(page)) == ["there.md#no-heading", "#there", "gone.md"]


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    docs = ROOT / "docs"
    assert {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")} <= set(listed)
    assert len(listed) == len(set(listed))


def test_the_command_line_is_written_from_the_command() -> None:
    text = hook("command_line").verbs()
    assert "## transcribe\n\n```\nbayes-a2m transcribe [OPTIONS]" in text
    assert "bayes-a2m train crnn --data recordings --out models/crnn\n" in text
    assert re.search(r"^\| `--accept-error SHARE` \| Mark notes as doubtful", text, re.MULTILINE)


def test_the_reference_has_every_public_name() -> None:
    import bayes_a2m

    text = hook("api").names()
    wanted = set(bayes_a2m.__all__) - {"__version__", "calibration"}
    assert wanted <= set(re.findall(r"^::: [\w.]+\.(\w+)$", text, flags=re.MULTILINE))


def test_the_gallery_draws_what_it_says() -> None:
    """Titles are unlike, and every cell but the first draws."""
    gallery = hook("gallery")
    cells = gallery.cells(gallery.CODE.read_text(encoding="utf-8"))
    assert len({cell.stem for cell in cells}) == len(cells) > 10
    assert all("shown = " in cell.code for cell in cells[1:])

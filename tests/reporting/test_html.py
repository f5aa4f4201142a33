"""Pages: what is escaped, what is refused."""

from __future__ import annotations

import base64
from pathlib import Path

import jinja2
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.reporting import html, style
from bayes_a2m.reporting.html import PageSection, data_uri, png_size, render_page, write_page

FACTS = {"recordings": 2, "errors": 0, "warnings": 1, "out": "x"}


def verify_section(message: str) -> PageSection:
    problem = {"level": "warning", "code": "crumb", "file": "a", "message": message}
    facts = {**FACTS, "problems": [problem], "summary": {"crumb": 1}}
    return PageSection("verify", "Verify", "demo_verify.html", facts)


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)> & \"'</td>"
    section = verify_section(hostile)
    text = render_page(tmp_path, hostile, section, [section])
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &#34;&#39;&lt;/td&gt;" in text


def test_a_fact_that_is_missing_is_an_error(tmp_path: Path) -> None:
    section = PageSection("verify", "Verify", "demo_verify.html", FACTS)
    with pytest.raises(jinja2.UndefinedError, match="problems"):
        render_page(tmp_path, "x", section, [])
    assert not list(tmp_path.iterdir())


def test_a_picture_has_its_size(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    style.save(style.new_figure(1.0, 0.5), path)
    assert png_size(path) == (style.DPI, style.DPI // 2)
    for wrong in (tmp_path / "none.png", tmp_path / "text.png"):
        (tmp_path / "text.png").write_text("no picture")
        with pytest.raises(InputError, match=wrong.name):
            png_size(wrong)


def test_pages_need_nothing_from_the_network(tmp_path: Path) -> None:
    path = tmp_path / "page" / "index.html"
    section = verify_section("fine")
    write_page(path, "A page", section, [section])
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    for foreign in ("http:", "https:", "//", "<script", "@import"):
        assert foreign not in text.replace('href="data:,"', "")
    assert 'name="viewport"' in text


def test_how_values_read() -> None:
    assert html.joined([]) == ""
    assert html.joined(["a"]) == "a"
    assert html.percent(None) == html.score(None) == "–"
    assert html.plural(2, "class", "classes") == "2 classes"
    assert html.interval({"value": 0.5, "low": None, "high": None}) == ""


def test_a_page_to_send_on_holds_its_pictures_and_sounds(tmp_path: Path) -> None:
    style.save(style.new_figure(1, 1), tmp_path / "a.png")
    picture = {"file": "a.png", "alt": "x", "caption": "y", "kind": "wide", "title": ""}
    part = {"lead": "", "pictures": (picture,), "tables": (), "notes": ()}
    text = render_page(
        tmp_path,
        "t",
        PageSection("o", "", "report_section.html", {"content": part}),
        [],
        embed=True,
    )
    content = base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    assert f'src="data:image/png;base64,{content}"' in text
    with pytest.raises(InputError, match="the page shows this"):
        data_uri(tmp_path / "b.png")
    (tmp_path / "c.exe").touch()
    with pytest.raises(InputError, match="a page holds"):
        data_uri(tmp_path / "c.exe")

"""Formulas as MathML, which browsers draw themselves: no script, no font, no network."""

from __future__ import annotations

import html
import re

ARITHMATEX = re.compile(
    r'<(?P<tag>div|span) class="arithmatex">'
    r"\\(?P<open>[\[(])(?P<tex>.*?)\\[\])]</(?P=tag)>",
    re.DOTALL,
)
"""A formula as pymdownx.arithmatex leaves it."""


def on_page_content(content: str, **_: object) -> str:
    """Write every formula of a page as MathML."""
    return ARITHMATEX.sub(drawn, content)


def drawn(found: re.Match[str]) -> str:
    """One formula."""
    from latex2mathml.converter import convert

    tex = " ".join(html.unescape(found["tex"]).split())
    display = "block" if found["open"] == "[" else "inline"
    tag = found["tag"]
    return f'<{tag} class="formula">{convert(tex, display=display)}</{tag}>'

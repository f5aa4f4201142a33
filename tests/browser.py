"""A headless Chromium for tests; those that need it are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Opened:
    """A page, what its console said, and what it asked of the network."""

    page: Any
    messages: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def started_chromium() -> Iterator[Any]:
    """A browser, started once."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as running:
        options = [
            "--no-sandbox",
            "--autoplay-policy=no-user-gesture-required",
            # where there is no sound card, one that swallows all: a player stops with an error else
            "--disable-audio-output",
        ]
        browser = running.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def chromium(started_chromium: Any) -> Iterator[Any]:
    """The browser, whose pages are closed after the test: each has a player, of which few fit."""
    yield started_chromium
    for context in started_chromium.contexts:
        context.close()


def open_page(browser: Any, path: Path, width: int = 1200) -> Opened:
    """A file in a new page; the network is blocked, and every attempt noted."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    opened = Opened(context.new_page())

    def answer(route: Any) -> None:
        address = route.request.url
        if address.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            opened.asked.append(address)
            route.abort()

    opened.page.route("**/*", answer)
    opened.page.on(
        "console",
        lambda said: opened.messages.append(said.text) if said.type != "log" else None,
    )
    opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
    opened.page.goto(path.resolve().as_uri())
    opened.page.wait_for_load_state("load")
    return opened

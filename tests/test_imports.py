"""No file of the package imports another that imports it, by whatever way round.

The order of the rooms is import-linter's, in pyproject.toml; within a room nobody else looks.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.imports import circles, import_graph

PACKAGE = Path(__file__).parent.parent / "bayes_a2m"


def test_no_files_import_each_other() -> None:
    graph = import_graph(PACKAGE)
    assert len(graph) > 200  # it did look
    found = circles(graph)
    assert not found, "import circles: " + "; ".join(" <-> ".join(circle) for circle in found)


def make_package(folder: Path, files: dict[str, str]) -> Path:
    """A package ``toy`` of these files; ``__init__`` is empty unless it is given."""
    package = folder / "toy"
    for name, source in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
    return package


@pytest.mark.parametrize(
    "statement",
    [
        "import toy.below",
        "from toy import below",
        "from toy.below import name",
        "from . import below",
        "from .below import name",
        "def late():\n    from toy.below import name",
        "class Late:\n    def late(self):\n        import toy.below",
        "if not TYPE_CHECKING:\n    import toy.below",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import toy.below",
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path: Path, statement: str) -> None:
    package = make_package(
        tmp_path, {"above.py": statement, "below.py": "def f():\n    from toy.above import g\n"}
    )
    assert circles(import_graph(package)) == [["toy.above", "toy.below"]]


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_types_alone_make_no_circle(tmp_path: Path, test: str) -> None:
    package = make_package(
        tmp_path,
        {"above.py": f"if {test}:\n    import toy.below\n", "below.py": "import toy.above\n"},
    )
    assert import_graph(package)["toy.above"] == set()
    assert not circles(import_graph(package))


def test_a_circle_of_three_is_found_through_an_init(tmp_path: Path) -> None:
    package = make_package(
        tmp_path,
        {
            "room/__init__.py": "from .inner import name",
            "room/inner.py": "from toy.other import thing",
            "other.py": "from toy.room import name",
            "alone.py": "import json\nfrom toy.room import name",
        },
    )
    assert circles(import_graph(package)) == [["toy.other", "toy.room", "toy.room.inner"]]

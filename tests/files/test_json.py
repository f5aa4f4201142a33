"""JSON comes back as it was written, and a list of numbers is one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.files import read_json, write_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8") | st.sampled_from('[],\n "\\'), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_was_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_numbers_are_one_line_and_words_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    value = {"curve": [1, -2.5, 1e-30], "nested": [[0, 1], [2]], "words": ["[\n 1\n]", "b"]}
    write_json(path, value)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "{",
        '  "curve": [1, -2.5, 1e-30],',
        '  "nested": [',
        "    [0, 1],",
        "    [2]",
        "  ],",
        '  "words": [',
        '    "[\\n 1\\n]",',
        '    "b"',
        "  ]",
        "}",
    ]
    assert read_json(path) == value

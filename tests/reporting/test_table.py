"""Tables go to CSV and to pages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.reporting.html import PageSection, render_page
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.resampling.bootstrap import Interval

COLUMNS = (
    Column("name", "name"),
    Column("n", "frames", "number", 0),
    Column("f", "F1", "interval"),
)
TABLE = Table(
    "scores",
    "Scores <b>",
    COLUMNS,
    (
        ("E4", 1200, Interval(0.91, 0.85, 0.95)),
        ('=HYPERLINK("x")', None, Interval(0.5)),
        ("a, “b”\nc", 7, None),
    ),
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_csv_has_all_digits_and_bounds(tmp_path: Path) -> None:
    TABLE.write_csv(tmp_path / "scores.csv")
    first, second, third = rows_of(tmp_path / "scores.csv")
    assert first == {"name": "E4", "n": "1200", "f": "0.91", "f_low": "0.85", "f_high": "0.95"}
    assert (second["n"], second["f"], second["f_low"]) == ("", "0.5", "")
    assert third["name"] == "a, “b”\nc"
    assert third["f"] == ""


def test_a_spreadsheet_runs_nothing(tmp_path: Path) -> None:
    TABLE.write_csv(tmp_path / "scores.csv")
    assert rows_of(tmp_path / "scores.csv")[1]["name"] == '\'=HYPERLINK("x")'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../up"}, "letters, digits"),
        ({"rows": (("E4", 1),)}, "2 cells for 3 columns"),
        ({"columns": (COLUMNS[0], COLUMNS[0])}, "a key of its own"),
        ({"columns": (Column("a", "a", "date"),)}, "none of"),
    ],
)
def test_what_is_no_table_is_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Table(**{**vars(TABLE), **change})


def test_on_a_page_cells_are_text_and_carry_what_they_are_sorted_by(tmp_path: Path) -> None:
    opening = PageSection(
        "opening",
        "",
        "report_section.html",
        {"content": {"lead": "", "pictures": (), "notes": (), "tables": (TABLE,)}},
    )
    text = render_page(tmp_path, "t", opening, [], embed=True, scripts=("sort.js",))
    assert "Scores &lt;b&gt;" in text
    assert '<td data-value="1200">1,200</td>' in text
    assert '<td data-value="0.91">0.910<small>0.850 to 0.950</small></td>' in text
    assert '<td data-value="">–</td>' in text
    assert "tables/scores.csv" in text

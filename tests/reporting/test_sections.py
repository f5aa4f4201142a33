"""Every section of a report keeps the same contract, and refuses what it does not know."""

from __future__ import annotations

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.reporting.report.section import Section
from bayes_a2m.reporting.report.table_of_sections import SECTIONS, make_sections


def test_every_section_has_a_name_a_title_and_a_template() -> None:
    sections = make_sections({})
    assert [section.name for section in sections] == list(SECTIONS)
    assert len({section.title for section in sections}) == len(sections)
    for section in sections:
        assert isinstance(section, Section)
        assert section.group == "report_sections"
        assert section.template.endswith(".html")
        assert section.name.isalnum()
    assert sections[-1].name == "about"


def test_options_reach_their_section() -> None:
    by_name = {s.name: s for s in make_sections({"recordings": {"worst": 2, "sound": False}})}
    assert by_name["recordings"].options.worst == 2
    assert by_name["recordings"].options.excerpt == 20.0
    assert by_name["embeddings"].options.projection == "pca"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recording": {}}, r"unknown report section 'recording'.*did you mean.*recordings"),
        ({"recordings": {"wurst": 1}}, r"report section recordings: unknown key 'wurst'.*worst"),
        ({"recordings": {"worst": -1}}, r"report section recordings: worst: .*greater than"),
        ({"confusion": {"worst": 1}}, r"report section confusion: unknown key 'worst'"),
    ],
)
def test_what_is_unknown_is_named(options: dict[str, dict[str, int]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_sections(options)

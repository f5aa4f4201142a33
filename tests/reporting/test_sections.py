"""Every section of a report keeps the same contract, and refuses what it does not know."""

from __future__ import annotations

import pytest

from bayes_a2m import registry
from bayes_a2m.errors import InputError
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.section import Section, SectionContent, make_sections


def test_every_section_has_a_name_a_title_and_a_template() -> None:
    sections = make_sections({})
    assert [section.name for section in sections] == list(registry.SHIPPED["report_sections"])
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
        ({"recordings": {"wurst": 1}}, r"unknown key 'recordings\.wurst' \(did you mean 'worst'"),
        ({"recordings": {"worst": -1}}, r"recordings\.worst: .*greater than"),
        ({"confusion": {"worst": 1}}, r"unknown key 'confusion\.worst'; there are no settings"),
    ],
)
def test_what_is_unknown_is_named(options: dict[str, dict[str, int]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_sections(options)


def test_a_section_of_another_package_stands_before_the_last_one() -> None:
    class Guest(Section):
        name, title = "guest", "A guest"

        def build(self, context: ReportContext) -> SectionContent:
            return SectionContent(f"{len(context.entries)} models")

    registry.register(Guest)
    try:
        assert [section.name for section in make_sections({})][-2:] == ["guest", "about"]
    finally:
        registry.forget(Guest)

"""A section of a report: one question, answered with figures and tables.

A section is a class with a name, a title and :meth:`Section.build`. The ones that ship stand in
the group ``report_sections`` of :mod:`bayes_a2m.registry`, in the order of the page; a section of
another package comes after them. To add one, write one file and its line in that table, or the
entry point in the group ``bayes_a2m.report_sections``::

    class Durations(Section):
        name, title = "durations", "Note durations"

        def build(self, context: ReportContext) -> SectionContent:
            figure = durations_figure({e.name: e.transcriptions for e in context.entries})
            picture = context.picture("durations", figure, "What to see in it.", "What it shows.")
            return SectionContent("How long the notes are.", (picture,))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bayes_a2m import registry
from bayes_a2m.config.settings import Settings, parse_settings
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.table import Table


@dataclass(frozen=True)
class SectionContent:
    """The content of a section.

    Attributes
    ----------
    lead
        What the section answers, in plain words.
    pictures, tables
        Its figures and tables, in the order of the page.
    notes
        What else has to be said, a paragraph each.
    facts
        More values for a section with a template of its own, by the names used there.
    """

    lead: str = ""
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Section(ABC):
    """One section of a report.

    Parameters
    ----------
    options
        The values of :attr:`Options` that differ from their defaults.

    Attributes
    ----------
    name
        The section's anchor on the page, and its key in the options of a report.
    title
        Its heading.
    template
        A file of ``reporting/templates``. The default shows the parts of
        :class:`SectionContent` one after another.
    Options
        The settings of the section, a pydantic model; a section without settings leaves it alone.
    needs_models
        Whether it is about frames, so that a report on notes alone leaves it out.

    Raises
    ------
    InputError
        If an option is unknown, or is not of its type.
    """

    group: ClassVar[str] = "report_sections"
    name: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str] = "report_section.html"
    Options: ClassVar[type[Settings]] = Settings
    needs_models: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options: Any = parse_settings(self.Options, options or {}, self.name)

    @abstractmethod
    def build(self, context: ReportContext) -> SectionContent | None:
        """Write the figures and tables of the section, and give what the page shows.

        Parameters
        ----------
        context
            The models reported on, and where figures and tables go.

        Returns
        -------
        SectionContent or None
            None leaves the section out, where there is nothing to show.
        """


def make_sections(options: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    """All sections in the order of the page: those of other packages stand before ``about``.

    Parameters
    ----------
    options
        The options of single sections, by their names.

    Raises
    ------
    InputError
        If there are options for a section that there is not, or a section refuses its options.
    """
    for name in options:
        registry.get(Section.group, name)
    names = sorted(registry.names(Section.group), key=lambda name: name == "about")
    return [registry.get(Section.group, name)(options.get(name)) for name in names]

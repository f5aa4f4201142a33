"""The sections of a report by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.reporting.report.section import Section

SECTIONS: Mapping[str, str] = {
    "confusion": "bayes_a2m.reporting.report.sections.confusion:Confusion",
    "reliability": "bayes_a2m.reporting.report.sections.reliability:Reliability",
    "recordings": "bayes_a2m.reporting.report.sections.recordings:Recordings",
    "slices": "bayes_a2m.reporting.report.sections.slices:Slices",
    "selective": "bayes_a2m.reporting.report.sections.selective:SelectivePrediction",
    "conformal": "bayes_a2m.reporting.report.sections.selective:Conformal",
    "distributions": "bayes_a2m.reporting.report.sections.uncertainty:Distributions",
    "variance": "bayes_a2m.reporting.report.sections.uncertainty:Variance",
    "entropy": "bayes_a2m.reporting.report.sections.uncertainty:Entropy",
    "training": "bayes_a2m.reporting.report.sections.training:Training",
    "embeddings": "bayes_a2m.reporting.report.sections.embeddings:Embeddings",
    "about": "bayes_a2m.reporting.report.sections.about:About",
}
"""The name of a section and where its class is."""


def make_sections(options: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    """All sections in the order of the page, ``about`` last.

    Parameters
    ----------
    options
        The options of single sections, by their names.

    Raises
    ------
    InputError
        If there are options for a section that there is not, or a section refuses its options.
    """
    unknown = [name for name in options if name not in SECTIONS]
    if unknown:
        raise InputError(
            f"unknown report section {unknown[0]!r}{suggest(unknown[0], SECTIONS)}; known: "
            f"{', '.join(SECTIONS)}"
        )
    sections = []
    for name, target in SECTIONS.items():
        module, _, kind = target.partition(":")
        sections.append(getattr(import_module(module), kind)(options.get(name)))
    return sections

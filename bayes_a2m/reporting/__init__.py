"""Figures, templates, the HTML report."""

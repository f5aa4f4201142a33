"""The report: how far models can be trusted, class by class, on one page."""

"""The sections of a report, one file for one question."""

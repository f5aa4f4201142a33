"""Comparisons of models: paired differences, their intervals, and what can be concluded."""

"""Scores as pure functions of arrays, and the sums by recording that they come from."""

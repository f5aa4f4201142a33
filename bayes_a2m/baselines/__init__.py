"""Baselines have no network of this package's own; they are the measure for all that have one."""

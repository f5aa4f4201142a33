"""Experiments are read from files and checked before anything runs."""

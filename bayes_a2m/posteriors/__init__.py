"""Uncertainty methods: each is one file, and all have the same verbs."""

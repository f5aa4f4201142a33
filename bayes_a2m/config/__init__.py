"""Experiments as files: what they may say, and reading them."""

"""Training with Lightning, which is imported nowhere else."""

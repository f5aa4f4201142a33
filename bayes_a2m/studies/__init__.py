"""Studies train, score and compare several experiments, from one file."""

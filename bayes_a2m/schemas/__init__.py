"""JSON schemas of what the program writes, made from its records."""

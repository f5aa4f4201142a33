"""From frames to notes."""

"""What a model says of recordings: draws of class probabilities, or their running moments."""

"""The model that ships is made from nothing: sung, trained, recalibrated, its note model fitted."""

"""Constants of the CQT that settings need before torch is loaded."""

C1 = 32.70319566257483
"""The lowest C of a piano, Hz."""

"""The steps of the demo, a file each."""

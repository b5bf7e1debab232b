"""The first run: what a clinic needs before its first patient, read from what is there."""

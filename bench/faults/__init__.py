"""A clinic whose parts are killed while it sends: what `bench/faults/chaos.py` runs and judges."""

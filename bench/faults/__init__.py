"""A clinic whose parts are killed while it sends: what `bench/chaos.py` runs and judges."""

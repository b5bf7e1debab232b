"""Benchmarks that start their own servers: `python bench/booking.py`."""

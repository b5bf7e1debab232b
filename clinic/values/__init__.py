"""Dates, clocks, telephone numbers and words: how they are typed, kept and read."""

"""Free times, spacing and clocks."""

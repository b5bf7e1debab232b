"""Ending what has bookings ahead: each of them is seen and decided first."""

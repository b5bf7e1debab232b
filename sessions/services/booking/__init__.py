"""Booking, moving, holding and waiting: everything that takes or frees a time."""

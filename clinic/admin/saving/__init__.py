"""Saving a form of the admin: once, on top of what was seen, and refused in words."""

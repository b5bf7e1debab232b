"""Figures in the admin: the healing part of a session, and the page of a clinic."""

"""Catalogues, plans, sessions and healing, in the admin."""

from sessions.admin import catalogue, healing, photos, plans, sessions

__all__ = ["catalogue", "healing", "photos", "plans", "sessions"]

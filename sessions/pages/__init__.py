"""Pages that need no log-in: the photographs of a visit, taken with any phone."""

from sessions.pages.phone import ghost, photos

__all__ = ["ghost", "photos"]

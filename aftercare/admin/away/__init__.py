"""Somebody is away: whom it hits, and what becomes of each visit."""

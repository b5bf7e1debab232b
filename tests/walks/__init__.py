"""Tests that walk a whole kind: every page, field, form, write and lookup, derived from code."""

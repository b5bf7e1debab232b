"""Planning a course of treatment: from the concern to all its sessions, and what becomes of it."""

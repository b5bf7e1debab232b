"""Lists and choices of the admin: how they are filtered, searched and kept short."""

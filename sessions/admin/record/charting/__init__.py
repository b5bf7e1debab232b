"""The chart of a session on one page: map, limits before typing, findings beside it, signature."""

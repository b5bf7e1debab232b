"""A clinic of any size, all that is asked of its lists, and what each answer has read."""

"""What is written down at a visit: what was decided, what was done to the skin, and what went
otherwise than it should."""

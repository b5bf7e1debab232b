"""Which messages are planned, and when."""

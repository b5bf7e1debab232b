"""Which messages there are to be, for whom and when; what waits is compared with it."""

"""Several areas in one appointment: which rows a sitting is, how long it takes, and how one area is
left out. See decision 0030."""

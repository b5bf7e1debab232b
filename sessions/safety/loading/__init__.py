"""Rows become facts: what the rules look at, read from the record of a session with a fixed number
of statements. `record` puts together what its neighbours read."""

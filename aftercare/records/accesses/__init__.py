"""What the record of accesses tells, each reader as much as the role may know."""

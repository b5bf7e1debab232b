"""What is grave is told to the staff, until somebody is on it (decision 0034)."""

"""What the front desk waits for, and what its work costs."""

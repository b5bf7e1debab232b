"""A recalled lot: its patients are told, and called if they stay silent."""

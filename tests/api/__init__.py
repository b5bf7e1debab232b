"""The API: its description, what it refuses, its errors."""

"""Real replies in two languages, and what becomes of each."""

"""The page of a patient: what matters first, and what belongs together in one tab."""

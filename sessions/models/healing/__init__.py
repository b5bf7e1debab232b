"""What comes of a treatment: how the patient says that it heals, side effects with their course,
and what was achieved."""

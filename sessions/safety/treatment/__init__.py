"""Rules that look at what is done: how deep, with which device and consent, and what is put on the
skin."""

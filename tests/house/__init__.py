"""The code base itself, and what all apps stand on."""

"""Passwords of tests: hashed as in production, by the least that Argon2 takes. A hash that costs
half a second, as it should, was a tenth of what all tests take."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8  # KiB
    parallelism = 1

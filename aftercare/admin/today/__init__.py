"""The landing page of the admin: the day of whoever has logged in."""

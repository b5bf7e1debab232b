"""What happens around every request, in the order of settings.MIDDLEWARE."""

"""The week of a clinic, by practitioner or by room."""

# The same doors as ./run, for those whose fingers type make.
.PHONY: up test lint lock help migrations

up test lint lock help:
	./run $@

# `makemigrations sessions` would silently answer for Django's own app of that name.
migrations:
	./run manage makemigrations clinic patients treatment_sessions aftercare

"""The demo clinic that `manage.py up` shows: its people, its inbox, and a tour through it."""

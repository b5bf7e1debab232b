"""Imports every module of the product, as web, worker and beat may, and shows the front page."""

import pkgutil
from importlib import import_module
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()
    from django.conf import settings
    from django.test import Client

    from tests.support.lean import left_out

    ours = ["clinic", "patients", "sessions", "aftercare"]
    absent = left_out()
    for app in ours:
        folders = [str(Path(settings.BASE_DIR) / app)]
        for found in pkgutil.walk_packages(folders, f"{app}."):
            if not any(f"{found.name}.".startswith(f"{name}.") for name in absent):
                import_module(found.name)
                print(found.name)
    page = Client().get("/", secure=True, headers={"Host": settings.ALLOWED_HOSTS[0]})
    print("front page", page.status_code)

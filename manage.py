#!/usr/bin/env python
"""Django's command line, and `manage.py up`, which starts a whole clinic on this machine."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    # `up` decides where the database is, so it runs before the settings are read.
    if sys.argv[1:2] == ["up"]:
        sys.exit(up(sys.argv[2:]))
    if "DATABASE_URL" not in os.environ:
        use_running_servers()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error} (docs/operations.md, “Environment”)")


def up(arguments: list[str]) -> int | str:
    try:
        from clinic.embedded.up import main
    except ModuleNotFoundError as error:  # as in the image of production
        return f"There is no `up` here: {error}. It needs what requirements-demo.txt installs."
    return main(arguments)


def use_running_servers() -> None:
    """Let other commands talk to the servers that `up` runs here, where there is an `up`."""
    try:
        from clinic.embedded.state import use_running_servers
    except ModuleNotFoundError:
        return
    use_running_servers()


if __name__ == "__main__":
    main()

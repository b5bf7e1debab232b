#!/usr/bin/env python
"""Django's command line, and `manage.py up`, which starts a whole clinic on this machine."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    # `up` decides where the database is, so it runs before the settings are read.
    if sys.argv[1:2] == ["up"]:
        from clinic.embedded.up import main as up

        sys.exit(up(sys.argv[2:]))

    from clinic.embedded.up import use_running_servers

    use_running_servers()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

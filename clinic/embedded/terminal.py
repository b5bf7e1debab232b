"""What `manage.py up` says: lines of its own, and those of its parts under their names."""

import subprocess


def say(who: str, line: str) -> None:
    print(f"{who:8} | {line}", flush=True)


def relay(name: str, part: "subprocess.Popen[str]") -> None:
    assert part.stdout is not None
    for line in part.stdout:
        say(name, line.rstrip())


def shown(host: str) -> str:
    """A host as it stands in an address that this machine can open."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return "localhost"
    return f"[{host}]" if ":" in host else host

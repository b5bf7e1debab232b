"""All benches that tell how fast, in order, and one report of them.

    python -m bench [--short] [--easyappointments FOLDER] [--only memory,booking,…]
                    [--report FILE] [--into docs/performance.md] [--folder DIR]

Each part starts servers of its own and removes them; one that fails is said to have failed, and the
next one begins. On two quiet processors all of it takes some 25 minutes, with --short some eight.
Nothing else should run meanwhile. The report holds all that the parts have printed; --into puts the
tables, with command, commit, machine, load and date, between the two marks of that page.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.clinic_of import today
from bench.servers import ROOT
from clinic.embedded.process import die_with_parent

BEGIN, END = "<!-- the last run of all begins -->", "<!-- the last run of all ends -->"
# By name: the module, what it is given for a whole run and for a short one.
PARTS: dict[str, tuple[str, str, str]] = {
    "memory": ("bench.memory", "", "--seconds 10"),
    "booking": (
        "bench.booking.desk",
        "--rounds 2 --seconds 2 --soak 300",
        "--quick --rounds 1 --soak 30",
    ),
    "peers": ("bench.peers.compare", "--rounds 3 --seconds 2", "--short"),
    "large": (
        "bench.size.large",
        "--patients 5000 --roles MANAGER --clinics 1 --sparing",
        "--patients 500 --roles MANAGER --clinics 1 --sparing --only sessions",
    ),
}


@dataclass
class Part:
    name: str
    command: list[str]
    output: str
    code: int
    seconds: float

    @property
    def text(self) -> str:
        return " ".join(("python", *self.command))


def run(name: str, command: list[str]) -> Part:
    print(f"{time.strftime('%H:%M:%S')} {name}: python {' '.join(command)}", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=die_with_parent(signal.SIGINT),  # it removes its servers
    )
    seconds = time.monotonic() - began
    print(f"{time.strftime('%H:%M:%S')} {name}: {seconds:.0f} s, ended with {done.returncode}")
    return Part(name, command, done.stdout, done.returncode, seconds)


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    chosen = options.only.split(",") if options.only else list(PARTS)
    found = {}
    for name in chosen:
        module, whole, short = PARTS[name]
        found[name] = ["-m", module, *(short if options.short else whole).split()]
        if name == "peers" and options.easyappointments:
            found[name] += ["--easyappointments", str(options.easyappointments.absolute())]
        if options.folder and name != "large":
            found[name] += ["--folder", str(options.folder.absolute())]
    return found


def shown(output: str) -> str:
    """Of what a part has printed: its tables, and the lines that say when and on what machine. Rows
    of single answers, which begin with the number of a clinic, are for the report alone."""
    lines = [""]
    for line in output.splitlines():
        if re.match(r"\| \d", line):
            lines.append("")
        elif line.startswith("|"):
            lines.append(line)
        elif "slowness " in line and " cores" in line:
            lines.append(f"\n{line}\n")
        else:
            lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def page(parts: list[Part], about: str) -> str:
    """For docs/performance.md."""
    said = [about]
    for part in parts:
        ended = "" if part.code == 0 else f", **ended with {part.code}**"
        said.append(f"#### {part.name}\n\n`{part.text}`: {part.seconds:.0f} s{ended}.")
        said.append(shown(part.output))
    return "\n\n".join(said)


def put_into(path: Path, text: str) -> None:
    """Between the two marks of a page, in place of what stands there."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{path} has no place for it: {BEGIN} … {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="to see that all of it works")
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--easyappointments", type=Path, help="a folder with its source")
    parser.add_argument("--report", type=Path, default=Path("bench-report.txt"))
    parser.add_argument("--into", type=Path, help="a page with a place for the tables")
    parser.add_argument("--folder", type=Path, help="on a disk with 6 GB free; else the usual one")
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    began, load = today(), os.getloadavg()
    parts = [run(name, command) for name, command in commands(options).items()]
    given = " ".join(sys.argv[1:])
    about = (
        f"`python -m bench {given}` at {commit}, {began} to {today()}, load average"
        f" {load[0]:.2f} before, {os.getloadavg()[0]:.2f} after, {os.cpu_count()} processors."
    )
    whole = [f"{part.text}\n\n{part.output}\n(ended with {part.code})" for part in parts]
    options.report.write_text("\n\n".join([about, *whole]) + "\n")
    if options.into:
        put_into(options.into, page(parts, about))
    print(f"\n{page(parts, about)}")
    sys.exit(any(part.code for part in parts))


if __name__ == "__main__":
    main()

"""Pages of docs/ that are written from the code, each by a function that gives its text."""

from collections.abc import Callable

from clinic.management.reference.entities import entities
from clinic.management.reference.problems import problems

PAGES: dict[str, Callable[[], str]] = {"entities.md": entities, "problems.md": problems}
NOTE = "<!-- Written by `./run manage write_docs`: do not edit. -->\n"

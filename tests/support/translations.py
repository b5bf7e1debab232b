"""`./run translations`: finds what is to be translated, and compiles what was.

Does what makemessages and compilemessages do, without the programs of GNU gettext that these need.
Here and not among the commands, because the image of production has no Babel.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import django
import unfold
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from clinic.values.names import NAMES

APPS = ("clinic", "patients", "sessions", "aftercare")
# The catalogues whose rows staff know by name.
NAMED = {"areas", "concerns", "screening_rules", "rules", "outcome_scales", "products", "protocols"}
NAMED |= {"visit_types", "steps"}
BOTTOM = APPS[0]  # which brings the words of Unfold as well
KINDS = ("*.py", "*.html", "*.txt")
IN_CODE = settings.LANGUAGE_CODE
# Which argument is the context (c), the text, and its plural.
KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = "# What patients and staff read. To find new words and to compile: ./run translations"


def main() -> None:
    for language, _ in settings.LANGUAGES:
        if language == IN_CODE:
            continue
        for app in APPS:
            catalog = updated(app, language)
            source = path_of(app, language)
            source.parent.mkdir(parents=True, exist_ok=True)
            with source.open("wb") as file:
                write_po(file, catalog, width=100, include_lineno=False, ignore_obsolete=True)
            with source.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalog)
            missing = sum(not message.string for message in catalog if message.id)
            print(f"{app}, {language}: {len(catalog)} texts, {missing} to translate")


def path_of(app: str, language: str) -> Path:
    return settings.BASE_DIR / app / "locale" / to_locale(language) / "LC_MESSAGES" / "django.po"


def read(app: str, language: str) -> Catalog:
    """The catalogue as it is; an empty one if there is none yet."""
    path = path_of(app, language)
    if not path.exists():
        return Catalog(
            locale=to_locale(language), project=app, version="1", header_comment=HEADER, fuzzy=False
        )
    with path.open("rb") as file:
        return read_po(file, locale=to_locale(language))


def updated(app: str, language: str) -> Catalog:
    """The catalogue with what stands in the sources now. What is no longer there is dropped, and
    nothing is guessed: a text that was changed is to be translated anew."""
    catalog = read(app, language)
    template = Catalog(creation_date=catalog.creation_date)
    for text, context, file in texts_of(app):
        template.add(text, context=context, locations=[(file, 0)])
    catalog.update(template, no_fuzzy_matching=True)
    return catalog


@cache
def texts_of(app: str) -> list[tuple[Any, str | None, str]]:
    """Each text of an app's sources, with its context, and where it stands."""
    found = list(_marked(settings.BASE_DIR / app))
    names = sorted(NAMES)
    found += [(text, None, module) for text, module in names if module.split(".")[0] == app]
    found += [(name, "catalogue", file) for file, name in _shipped(app)]
    if app == BOTTOM:
        found += [text for text in _marked(Path(unfold.__file__).parent) if not _is_djangos(text)]
    return found


def _marked(root: Path) -> Iterator[tuple[Any, str | None, str]]:
    for path in sorted(path for kind in KINDS for path in root.rglob(kind)):
        source = path.read_text()
        if path.suffix != ".py":
            lines = templatize(source).splitlines()
            source = "\n".join(line.strip() for line in lines)  # Python would read the indents
        elif "gettext" not in source:
            continue
        found = extract("python", BytesIO(source.encode()), keywords=KEYWORDS)
        for _, text, _, context in found:
            yield text, context, path.relative_to(root.parent).as_posix()


def _shipped(app: str) -> Iterator[tuple[str, str]]:
    """What the rows of a catalogue are called: clinic.values.names.shipped."""
    for path in sorted((settings.BASE_DIR / app / "catalogue").glob("*.yaml")):
        if path.stem in NAMED:
            file = path.relative_to(settings.BASE_DIR).as_posix()
            for row in yaml.safe_load(path.read_text()):
                yield from ((file, name) for name in _names_in(row))


def _names_in(row: dict[str, Any]) -> Iterator[str]:
    if name := row.get("name") or row.get("title"):
        yield name
    elif "code" in row:
        yield row["code"].replace("-", " ").capitalize()
    for part in ("zones", "subtypes"):
        for one in row.get(part) or ():
            if isinstance(one, dict):
                yield from _names_in(one)


def _is_djangos(found: tuple[Any, str | None, str]) -> bool:
    """What the admin of Django says too is translated there."""
    text, context, _ = found
    known = _djangos()
    return (context, text if isinstance(text, str) else text[0]) in known


@cache
def _djangos() -> set[tuple[str | None, str]]:
    known: set[tuple[str | None, str]] = set()
    for part in ("conf", "contrib/admin", "contrib/auth"):
        for language in other_languages():
            path = Path(django.__file__).parent / part / "locale" / language / "LC_MESSAGES"
            with (path / "django.mo").open("rb") as file:
                for message in read_mo(file):
                    if message.id and message.string:
                        text = message.id if isinstance(message.id, str) else message.id[0]
                        known.add((message.context, text))
    return known


def other_languages() -> list[str]:
    return [to_locale(language) for language, _ in settings.LANGUAGES if language != IN_CODE]


if __name__ == "__main__":
    django.setup()
    main()

"""`./run translations`: finds what is to be translated, and compiles what was.

Does what makemessages and compilemessages do, without the programs of GNU gettext that these need.
Here and not among the commands, because the image of production has no Babel.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

APPS = ("clinic", "aftercare")  # in which patients' words stand…
STAFF = {"admin", "unfold"}  # …but not in these of their folders: staff read English
IN_CODE = settings.LANGUAGE_CODE
# Which argument is the context (c), the text, and its plural.
KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = "# What patients read. To find new words and to compile: ./run translations"


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


def texts_of(app: str) -> Iterator[tuple[Any, str | None, str]]:
    """Each text of an app's sources, with its context, and where it stands."""
    root: Path = settings.BASE_DIR / app
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.html")]):
        if STAFF & set(path.parts):
            continue
        source = path.read_text()
        if path.suffix == ".html":
            source = templatize(source)
        found = extract("python", BytesIO(source.encode()), keywords=KEYWORDS)
        for _, text, _, context in found:
            yield text, context, path.relative_to(settings.BASE_DIR).as_posix()


if __name__ == "__main__":
    main()

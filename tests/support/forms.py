"""Forms of the admin as a browser sends them: what the page holds, with what somebody types."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

Fields = dict[str, Any]
SKIPPED = {"submit", "button", "reset", "image", "file"}


class _Forms(HTMLParser):
    """The fields of every form of a page, and the names of the buttons that send it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self.buttons: list[str] = []
        self._open: dict[str, list[str]] | None = None
        self._select: tuple[str, bool] | None = None
        self._options: list[tuple[str, bool]] = []
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "form":
            self._open = {}
            self.forms.append(self._open)
        elif tag == "button" and name:
            self.buttons.append(name)
        elif self._open is None or "disabled" in given:
            return
        elif tag == "input" and name and kind not in SKIPPED:
            if kind not in ("checkbox", "radio"):
                self._open.setdefault(name, []).append(given.get("value", ""))
            elif "checked" in given:
                self._open.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select" and name:
            self._select, self._options = (name, "multiple" in given), []
        elif tag == "option" and self._select:
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea" and name:
            self._text = (name, [])

    def handle_data(self, data: str) -> None:
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select and self._open is not None:
            name, many = self._select
            chosen = [value for value, is_chosen in self._options if is_chosen]
            if not many:
                chosen = (chosen or [value for value, _ in self._options])[:1]
            if chosen:
                self._open.setdefault(name, []).extend(chosen)
            self._select = None
        elif tag == "textarea" and self._text and self._open is not None:
            name, parts = self._text
            self._open.setdefault(name, []).append("".join(parts).removeprefix("\n"))
            self._text = None


def fields_of(page: Any, having: str = "_form_key") -> Fields:
    """What a browser would send of the form that has a field of this name."""
    parsed = _parsed(page)
    found = [form for form in parsed.forms if having in form]
    assert found, f"no form with {having}: {sorted(map(len, parsed.forms))}"
    fields = {name: values for name, values in found[0].items() if "__prefix__" not in name}
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def buttons_of(page: Any) -> list[str]:
    return _parsed(page).buttons


def _parsed(page: Any) -> _Forms:
    parsed = _Forms()
    parsed.feed(page.content.decode())
    return parsed


def opened(client: Client, address: str) -> Fields:
    """The form of a page, as it is when it was just opened."""
    return fields_of(client.get(address))


def send(client: Client, address: str, button: str = "_save", **typed: Any) -> Any:
    """Open a form, type, and press a button."""
    return client.post(address, {**opened(client, address), **typed, button: "1"})

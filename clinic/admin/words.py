"""How the admin says what is good, what is bad and what waits for a decision: words with a colour.

A green tick or a red cross says that something is well or not. Nearly no yes is: they are shown as
words (unfold/helpers/boolean.html), and those of `said` carry a colour that means severity.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from clinic.admin.forms.choices import names_of
from clinic.findings import Severity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Tone = str  # danger | warning | info | success, or nothing
TONES: dict[str, Tone] = {
    Severity.BLOCK: "danger",
    Severity.WARN: "warning",
    Severity.INFO: "info",
}

YES: "tuple[StrOrPromise, Tone]" = (_("Yes"), "")
NO: "tuple[StrOrPromise, Tone]" = (_("No"), "")
NOT_ASKED = _("Not asked")


def badge(text: Any, tone: Tone = "") -> SafeString:
    """A short text on a coloured ground."""
    html = render_to_string("unfold/helpers/label.html", {"text": text, "type": tone})
    return mark_safe(html)  # noqa: S308  the template has escaped the text


def names_listed(field: str, codes: Iterable[str] | None) -> str:
    """The names of what a list of codes stands for."""
    names = names_of(field) if codes else {}
    return ", ".join(names.get(code, code) for code in codes or ())


def severity(code: str) -> SafeString:
    """How grave a finding is."""
    return badge(Severity(code).label, TONES[code])


def yes_no_column(
    name: str,
    description: "StrOrPromise",
    *,
    yes: "tuple[StrOrPromise, Tone]" = YES,
    no: "tuple[StrOrPromise, Tone]" = NO,
    unknown: "StrOrPromise" = NOT_ASKED,
) -> Callable[[Any], Any]:
    """A column or read-only field for a boolean: its words and, if it is good or bad, its tone."""

    def column(row: Any) -> Any:
        value = getattr(row, name)
        if value is None:
            return unknown
        text, tone = yes if value else no
        return badge(text, tone) if tone else text

    column.__name__ = f"said_{name}"
    column.short_description = description  # type: ignore[attr-defined]
    column.admin_order_field = name  # type: ignore[attr-defined]
    column.said = name  # type: ignore[attr-defined]
    return column


IN_USE = yes_no_column(
    "is_active", _("in use"), yes=(_("In use"), "success"), no=(_("Out of use"), "warning")
)
AGREED = yes_no_column(
    "granted", _("answer"), yes=(_("Agreed"), "success"), no=(_("Refused"), "warning")
)


def status_badge(row: Any, tones: dict[Any, Tone], field: str = "status") -> SafeString:
    """A status in its words, also one without a tone."""
    value = getattr(row, field)
    return badge(getattr(row, f"get_{field}_display")(), tones.get(value, ""))

"""Texts that are filled without Django's machinery come out as Django would have filled them."""

from typing import Any

import pytest
from django.template import Context
from django.utils.safestring import SafeString

from aftercare.texts.engine import ENGINE
from aftercare.texts.fill import Text

VALUES: dict[str, Any] = {
    "name": "Ö'Hara & <Söhne>",
    "safe": SafeString("<b>bold</b>"),
    "days": 1234,
    "none": None,
    "empty": "",
}


@pytest.mark.parametrize("is_escaped", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "",
        "only words {curly} & <b>",
        "{{ name }}, {{name}} and {{ safe }} in {{ days }} days",
        "{{ none }}|{{ empty }}|{{ unknown }}",
        "{% if name %}- {{ name }}\n{% endif %}{% if empty %}no{% endif %}",
        "{% if unknown %}no{% endif %}",
        "{% if name %}a{% if none %}b{% endif %}{{ safe }}{% endif %}c",
        # what we leave to Django
        "{{ name|upper }} {{ name.upper }} {{ 'literal' }}",
        "{% if name %}a{% else %}b{% endif %}{% if not empty %}c{% endif %}",
        "{% if days == 1234 %}a{% endif %}{% comment %}x{% endcomment %}",
        "{% if name %}{{ name|lower }}{% endif %}",
        "{{ True }}{% if None %}x{% endif %}",
    ],
)
def test_it_is_filled_as_django_fills_it(source: str, is_escaped: bool) -> None:
    theirs = ENGINE.from_string(source).render(Context(dict(VALUES), autoescape=is_escaped))

    assert Text(source).fill(VALUES, escaped=is_escaped) == theirs


def test_our_own_texts_need_nothing_of_django() -> None:
    """Otherwise nothing is gained."""
    assert Text("{% if serum %}{{ serum }}{% endif %} {{ clinic }}")._pieces is not None
    assert Text("{{ clinic|upper }}")._pieces is None

"""Who did what to a row: told to each role in as much as its own page shows."""

import json
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

ELSE = gettext_noop("what your role does not see")


class OwnHistory:
    """The log names what was changed, also to somebody whose page does not have it: the desk would
    read that a patient's allergies are new."""

    model: type[models.Model]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        answer: Any = super().history_view(request, object_id, extra_context)  # type: ignore[misc]
        context = getattr(answer, "context_data", None)
        if context:
            with translation.override(None):  # as the log has them
                logged, parts = self._shown_to(request, context["object"])
            shown, _ = self._shown_to(request, context["object"])
            labels = dict(zip(logged, shown, strict=True))
            for entry in context["action_list"]:
                entry.change_message = _told(entry.change_message, labels, parts)
        return answer  # type: ignore[no-any-return]

    def _shown_to(self, request: HttpRequest, row: Any) -> tuple[list[str], set[str]]:
        """The names of the fields, and of the kinds of rows below, that stand on the page."""
        page: Any = self
        typed = self.get_form(request, row, change=True).base_fields  # type: ignore[attr-defined]
        labels = [
            str(typed[name].label or name)
            if name in typed
            else capfirst(str(label_for_field(name, self.model, page)))
            for name in flatten_fieldsets(self.get_fieldsets(request, row))  # type: ignore[attr-defined]
        ]
        inlines = self.get_inline_instances(request, row)  # type: ignore[attr-defined]
        return labels, {str(inline.opts.verbose_name) for inline in inlines}


def _told(message: str, labels: dict[str, str], parts: set[str]) -> str:
    """A message of the log without what is not shown, and with the labels of the page."""
    try:
        steps = json.loads(message)
    except ValueError:
        return message
    for step in steps:
        for done in step.values():
            if "name" in done and done["name"] not in parts:
                done |= {"name": gettext("part"), "object": gettext(ELSE)}
                done.pop("fields", None)
            elif "name" not in done and "fields" in done:
                shown = [labels[label] for label in done["fields"] if label in labels]
                hidden = len(shown) < len(done["fields"])
                done["fields"] = [*shown, *([gettext(ELSE)] if hidden else [])]
    return json.dumps(steps)

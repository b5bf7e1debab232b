"""The pages “Import”: a file of another system, what is wrong in it, and how far it is taken in."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.http.tables import csv_answer, xlsx_answer
from clinic.models import Clinic, User
from clinic.permissions import actor
from clinic.wakeups import wake
from patients.models import ImportedRow, Patient, PatientImport, RowState
from patients.services.imports import discard_import, start_import, upload_patients
from patients.services.imports.files import LARGEST
from patients.services.imports.rows import TITLES
from patients.tasks import go_on_with_files

LISTED = 20  # files
SHOWN = 200  # rows of each kind
ANYWAY = "anyway"


class FileForm(forms.Form):
    clinic: Any = forms.ModelChoiceField(
        label=_("Clinic"),
        queryset=Clinic.objects.none(),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    file = forms.FileField(
        label=_("File, CSV or XLSX"),
        allow_empty_file=True,
        max_length=200,
        widget=UnfoldAdminFileFieldWidget,
        help_text=_("At most 10,000 rows and 5 MB. The first row names the columns."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).order_by("name")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(gettext("The file is larger than 5 MB: split it."))
        return file


def require_importer(request: HttpRequest) -> User:
    """Raises PermissionDenied."""
    if not request.user.has_perm("patients.import"):
        raise PermissionDenied
    return actor(request)


@about(PatientImport)
def upload(request: HttpRequest) -> HttpResponse:
    """Asks for a file, and lists those that were sent; `template` is an empty one to fill in."""
    user = require_importer(request)
    if kind := request.GET.get("template"):
        heading = list(TITLES.values())
        if kind == "xlsx":
            return xlsx_answer([(gettext("Patients"), heading, [])], name="patients")
        return csv_answer(heading, [], name="patients")
    form = FileForm(user, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = upload_patients(
                clinic=form.cleaned_data["clinic"],
                name=file.name,
                content=file.read(),
                at=timezone.now(),
                by=user,
            )
        except REFUSED as error:
            for name, message in refusals(error):
                form.add_error(name if name in form.fields else None, message)
        else:
            transaction.on_commit(lambda: wake(go_on_with_files))
            return HttpResponseRedirect(reverse("import-file", args=[batch.pk]))
    done = Count("rows", filter=Q(rows__state=RowState.DONE))
    sent = PatientImport.objects.visible_to(user).select_related("clinic", "uploaded_by")
    context = {
        **admin.site.each_context(request),
        "title": gettext("Import patients"),
        "form": form,
        "titles": TITLES.values(),
        "sent": sent.annotate(total=Count("rows"), done=done).order_by("-pk")[:LISTED],
    }
    return TemplateResponse(request, "patients/admin/import.html", context)


@about(PatientImport)
def one_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is wrong in it, by row and column; starting it, and how far it is."""
    user = require_importer(request)
    batch = PatientImport.objects.visible_to(user).select_related("clinic").filter(pk=pk).first()
    if batch is None:
        raise Http404
    if request.method == "POST":
        return _press(request, batch, user)
    counts = dict.fromkeys(RowState.values, 0)
    states = batch.rows.order_by().values_list("state").annotate(number=Count("pk"))
    counts |= dict(states)
    total, new, done = sum(counts.values()), counts[RowState.NEW], counts[RowState.DONE]
    left = counts[RowState.READY] if batch.started_at else 0
    wrong, known = (
        list(batch.rows.filter(state=state).order_by("number")[:SHOWN])
        for state in (RowState.WRONG, RowState.KNOWN)
    )
    context = {
        **admin.site.each_context(request),
        "title": gettext("Import of “{name}”").format(name=batch.name),
        "batch": batch,
        "counts": {name.lower(): number for name, number in counts.items()},
        "total": total,
        "is_going_on": bool(new or (batch.started_at and not batch.ended_at)),
        "looked_at": total - new,
        "registered": done,
        "to_register": done + left,
        "wrong": wrong,
        "known": [(row, *_whom(row, people)) for people in [_people(known, user)] for row in known],
        "shown": SHOWN,
    }
    return TemplateResponse(request, "patients/admin/import_file.html", context)


def _people(rows: list[ImportedRow], user: User) -> dict[str, Patient]:
    """Whom the rows may be, in one statement."""
    ids = {one for row in rows for one, words in row.notes if not words}
    found = Patient.objects.visible_to(user).filter(pk__in=ids)
    return {str(patient.pk): patient for patient in found}


def _whom(row: ImportedRow, people: dict[str, Patient]) -> tuple[str, list[Patient], list[str]]:
    """The name in the row, the records that it may be, and what else there is to say."""
    name = " ".join(filter(None, (row.values.get("given_name"), row.values.get("family_name"))))
    found = [people[one] for one, words in row.notes if one in people and not words]
    return name, found, [words for _, words in row.notes if words]


def _press(request: HttpRequest, batch: PatientImport, user: User) -> HttpResponse:
    here = reverse("import-file", args=[batch.pk])
    try:
        if "discard" in request.POST:
            discard_import(import_id=batch.pk, at=timezone.now(), by=user)
            messages.success(
                request,
                gettext("“{name}” is discarded. Nobody was registered.").format(name=batch.name),
            )
            return HttpResponseRedirect(reverse("import"))
        named = [int(text) for text in request.POST.getlist(ANYWAY) if text.isdecimal()]
        accepted = [number for number in named if number < 1_000_000]
        start_import(import_id=batch.pk, accepted=accepted, at=timezone.now(), by=user)
        transaction.on_commit(lambda: wake(go_on_with_files))
    except REFUSED as error:
        for _, message in refusals(error):
            messages.error(request, message)
    return HttpResponseRedirect(here)

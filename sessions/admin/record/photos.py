"""Photographs in the admin: uploaded through the service, shown only while the patient agrees."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminImageFieldWidget

from clinic.admin import ServiceAdmin
from clinic.admin.lists.any_size import NewestPages
from clinic.admin.reads import once_each
from clinic.http.pictures import as_jpeg
from clinic.permissions import may_see
from patients.models import Patient
from sessions import services
from sessions.models import STANDARD_VIEWS, CheckIn, Photo, View
from sessions.services.record.pictures import KINDS

MOST_SHOWN = 12  # newest ones on the page of a patient
# Named as endings too: some browsers do not know what a HEIC is.
ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif"


def image_of(photo: Photo, size: str, height: int) -> SafeString:
    source = reverse("admin:treatment_sessions_photo_file", args=[photo.pk, size])
    return format_html(
        '<img src="{}" alt="{}" style="max-height:{}px;max-width:100%" loading="lazy">',
        source,
        photo,
        height,
    )


@once_each
def _has_sent(patient: Patient) -> bool:
    return patient.photos.filter(view=View.SENT).exists()


class SentPhotos:
    """For the page of a patient: what they have sent, for whoever may see photographs."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        sets: list[Any] = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None or not may_see(request.user, "treatment_sessions.view_photo", obj.pk):
            return sets
        if not _has_sent(obj):
            return sets
        return [*sets, (gettext("Pictures sent by the patient"), {"fields": ["sent_photos"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "sent_photos"]  # type: ignore[misc]

    @display(description=_("pictures"))
    def sent_photos(self, patient: Patient) -> str:
        sent = patient.photos.filter(services.shown_photos(at=timezone.now()), view=View.SENT)
        return _linked(sent.order_by("-taken_at", "-id")[:MOST_SHOWN])


def sent_with(report: CheckIn | None) -> SafeString | str:
    """The pictures of a report of the healing, each leading to its page."""
    if report is None:
        return "-"
    shown = Photo.objects.filter(services.shown_photos(at=timezone.now()), report=report)
    return _linked(shown.order_by("number"))


def _linked(photos: Iterable[Photo]) -> SafeString | str:
    found = [
        (
            reverse("admin:treatment_sessions_photo_change", args=[one.pk]),
            image_of(one, "thumbnail", 160),
        )
        for one in photos
    ]
    return format_html_join(" ", '<a href="{}">{}</a>', found) or "-"


class PhotoForm(forms.ModelForm):  # type: ignore[type-arg]
    upload = forms.FileField(
        label=_("Picture"),
        help_text=format_lazy(
            _("{kinds}, to 25 MB. It is stored anew, without place or camera."), kinds=KINDS
        ),
        widget=UnfoldAdminImageFieldWidget(attrs={"accept": ACCEPT}),
    )


@admin.register(Photo)
class PhotoAdmin(ServiceAdmin):
    adds = staticmethod(services.store_photo)
    list_display = ["thumbnail_image", "patient", "view", "zone", "taken_at", "uploaded_by"]
    list_filter = ["view", "taken_at"]
    list_select_related = ["patient", "zone", "uploaded_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient", "session"]
    ordering = ["-id"]
    paginator = NewestPages  # of old ones many may no longer be shown
    adding = ["patient", "session", "view", "zone", "taken_at", "upload"]
    shown = [
        *("full_image", "patient", "session", "view", "zone", "taken_at", "uploaded_by"),
        "report",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Those of patients who agree now, and what patients have sent; the others do not exist."""
        return super().get_queryset(request).filter(services.shown_photos(at=timezone.now()))

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "view":
            kwargs["choices"] = [("", "-"), *((view.value, view.label) for view in STANDARD_VIEWS)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = PhotoForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.shown if obj else self.adding

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.shown if obj else []

    @display(description=_("picture"))
    def thumbnail_image(self, photo: Photo) -> str:
        return image_of(photo, "thumbnail", 44)

    @display(description=_("picture"))
    def full_image(self, photo: Photo) -> str:
        return image_of(photo, "image", 640)

    def get_urls(self) -> list[Any]:
        serve = self.admin_site.admin_view(self.serve)
        name = "treatment_sessions_photo_file"
        return [path("<uuid:pk>/file/<slug:size>/", serve, name=name), *super().get_urls()]

    def serve(self, request: HttpRequest, pk: Any, size: str) -> HttpResponse:
        """The picture, under the same check as the list; never cached."""
        photo = self.get_queryset(request).filter(pk=pk).first()
        may_see = self.has_view_permission(request) and size in ("image", "thumbnail")
        if photo is None or not may_see:
            raise Http404
        answer = as_jpeg(getattr(photo, size), f"{size}-{photo.pk}.jpg")
        answer["Cache-Control"] = "private, no-store"
        return answer

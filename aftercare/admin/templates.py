"""The texts of the sequence, in versions, in the admin, with a preview."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.decorators import display

from aftercare import services
from aftercare.models import MessageTemplate
from aftercare.texts.checks import check
from aftercare.texts.preview import preview
from aftercare.texts.variables import VARIABLES
from clinic.admin import ServiceAdmin
from clinic.models import Clinic

TYPED = ["step", "channel", "language", "subject", "body", "max_parts"]


class TypedText(ModelForm):  # type: ignore[type-arg]
    """What stands in the form at this moment, checked but not saved."""

    class Meta:
        model = MessageTemplate
        fields = TYPED

    def is_valid(self) -> bool:
        if super().is_valid():
            try:
                check(self.instance)
            except ValidationError as error:
                self.add_error(None, error)
        return not self.errors


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ServiceAdmin):
    adds = staticmethod(services.add_template_version)
    list_display = ["step", "channel", "language", "version", "subject", "created_at"]
    list_filter = ["channel", "language", "step"]
    list_select_related = ["step"]
    search_fields = ["subject", "body", "step__name"]
    autocomplete_fields = ["step"]
    ordering = ["step", "channel", "language", "-version"]
    change_form_after_template = "aftercare/admin/preview_frame.html"

    readonly_fields = ["shown_body"]

    @display(description=_("body"))
    def shown_body(self, template: MessageTemplate) -> str:
        """With its lines, which a read-only field would run together."""
        return format_html('<span style="white-space: pre-wrap">{}</span>', template.body)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if not obj:
            return TYPED
        shown = ["shown_body" if name == "body" else name for name in TYPED]
        return [*shown, "version", "created_at"]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        known = {"variables": VARIABLES, **(extra_context or {})}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, known)
        return answer

    def get_urls(self) -> list[URLPattern]:
        name = "aftercare_messagetemplate_preview"
        view = self.admin_site.admin_view(xframe_options_sameorigin(self.preview_view))
        return [path("preview/", view, name=name), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The text of a saved version (`?saved=`), or the one that is being typed (by POST)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {}
        template = None
        if request.method == "POST":
            form = TypedText(request.POST)
            template = form.instance if form.is_valid() else None
            context["errors"] = form.errors
        else:
            template = self.get_object(request, request.GET.get("saved", ""))
        clinic = Clinic.objects.visible_to(request.user).order_by("name").first()
        if template and clinic:
            context |= {"template": template, "preview": preview(template, clinic)}
        return TemplateResponse(request, "aftercare/admin/preview.html", context)

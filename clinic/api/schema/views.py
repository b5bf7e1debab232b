"""Where the description is served, to everybody."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from clinic.api.queries import StrictQuery


class SchemaView(StrictQuery, SpectacularAPIView):
    """The description itself: as YAML, or by `?format=json` or `Accept` as JSON."""

    permission_classes = [AllowAny]
    authentication_classes = []

    def get_format_suffix(self, **kwargs: Any) -> str | None:
        return self.request.query_params.get("format")

    def known_query_params(self) -> set[str]:
        return {"format", "lang"}


class DocsView(StrictQuery, SpectacularSwaggerView):
    """The description to read and to try."""

    permission_classes = [AllowAny]
    authentication_classes = []

    def known_query_params(self) -> set[str]:
        return {"lang"}

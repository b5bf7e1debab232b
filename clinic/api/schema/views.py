"""Where the description is served, to everybody."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.queries import StrictQuery


class SchemaView(StrictQuery, SpectacularAPIView):
    """The description itself: as YAML, or by `?format=json` or `Accept` as JSON."""

    permission_classes = [AllowAny]
    authentication_classes = []

    def get_format_suffix(self, **kwargs: Any) -> str | None:
        return self.request.query_params.get("format")

    def known_query_params(self) -> set[str]:
        return {"format", "lang"}


class DocsView(StrictQuery, SpectacularSwaggerSplitView):
    """The description to read and to try. Its script is an answer of its own: `?script=`."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if "script_url" in answer.data:  # the library's has no value, which StrictQuery refuses
            asked = {**request.query_params.dict(), "script": "yes"}
            answer.data["script_url"] = f"?{urlencode(asked)}"
        return answer

    def known_query_params(self) -> set[str]:
        return {"lang", "script"}

"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from aftercare.api import HistoryView, MessageViewSet, TimelineView
from clinic import health, pages
from clinic.api import (
    DeviceViewSet,
    LoginView,
    LogoutView,
    MeView,
    PractitionerViewSet,
    RoomViewSet,
)
from patients.api import (
    ConcernViewSet,
    ConsentTextViewSet,
    ConsentViewSet,
    PatientViewSet,
    PhotoConsentViewSet,
    ScreeningRuleViewSet,
)
from sessions.api import (
    AvailabilityViewSet,
    CalendarFeedViewSet,
    ClosureViewSet,
    DeviceModelViewSet,
    HoldViewSet,
    LotViewSet,
    MergeView,
    OutcomeScaleViewSet,
    OutcomeViewSet,
    PhotoViewSet,
    PlanViewSet,
    ProductViewSet,
    ProtocolViewSet,
    SessionViewSet,
    SideEffectViewSet,
    TimeOffViewSet,
    WaitlistViewSet,
    WorkingHoursViewSet,
    ZoneViewSet,
    calendar_file,
)

router = SimpleRouter(use_regex_path=False)
router.register("availability", AvailabilityViewSet, basename="availability")
router.register("closures", ClosureViewSet, basename="closure")
router.register("concerns", ConcernViewSet, basename="concern")
router.register("consent-texts", ConsentTextViewSet, basename="consent-text")
router.register("consents", ConsentViewSet, basename="consent")
router.register("device-models", DeviceModelViewSet, basename="device-model")
router.register("devices", DeviceViewSet, basename="device")
router.register("holds", HoldViewSet, basename="hold")
router.register("lots", LotViewSet, basename="lot")
router.register("messages", MessageViewSet, basename="message")
router.register("outcome-scales", OutcomeScaleViewSet, basename="outcome-scale")
router.register("outcomes", OutcomeViewSet, basename="outcome")
router.register("patients", PatientViewSet, basename="patient")
router.register("photo-consents", PhotoConsentViewSet, basename="photo-consent")
router.register("photos", PhotoViewSet, basename="photo")
router.register("plans", PlanViewSet, basename="plan")
router.register("practitioners", PractitionerViewSet, basename="practitioner")
router.register("products", ProductViewSet, basename="product")
router.register("protocols", ProtocolViewSet, basename="protocol")
router.register("rooms", RoomViewSet, basename="room")
router.register("screening-rules", ScreeningRuleViewSet, basename="screening-rule")
router.register("sessions", SessionViewSet, basename="session")
router.register("side-effects", SideEffectViewSet, basename="side-effect")
router.register("waitlist", WaitlistViewSet, basename="waitlist")
router.register("time-off", TimeOffViewSet, basename="time-off")
router.register("working-hours", WorkingHoursViewSet, basename="working-hours")
router.register("zones", ZoneViewSet, basename="zone")

open_to_all = {"permission_classes": [AllowAny], "authentication_classes": []}
urlpatterns = [
    path("", pages.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(**open_to_all), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(**open_to_all), name="docs"),
    path("api/v1/auth/login/", LoginView.as_view(), name="login"),
    path("api/v1/auth/logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/me/", MeView.as_view(), name="me"),
    path("api/v1/patients/<uuid:pk>/history/", HistoryView.as_view(), name="patient-history"),
    path("api/v1/patients/<uuid:pk>/timeline/", TimelineView.as_view(), name="patient-timeline"),
    path("api/v1/patients/<uuid:pk>/merge/", MergeView.as_view(), name="patient-merge"),
    path(
        "api/v1/calendar-feed/",
        CalendarFeedViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="calendar-feed",
    ),
    path("api/v1/", include(router.urls)),
    path("calendar/<str:secret>.ics", calendar_file, name="calendar-file"),
]
if settings.DEMO:
    urlpatterns.append(path("inbox/", include("clinic.demo.urls")))

"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from aftercare import pages as patient_pages
from aftercare import webhooks
from aftercare.admin.accesses.people import what_they_looked_at
from aftercare.admin.accesses.unusual import unusual_accesses
from aftercare.admin.away import late
from aftercare.admin.away import page as away
from aftercare.admin.healing.page import healing_board
from aftercare.admin.reports.page import reports
from aftercare.admin.setup.page import setting_up
from aftercare.admin.today import press as today
from aftercare.admin.week.page import week
from aftercare.api import (
    AccessViewSet,
    AddressConsentViewSet,
    HistoryView,
    InboxViewSet,
    LeafletView,
    MergeView,
    MessageViewSet,
    RecalledLotViewSet,
    StaffAlertViewSet,
    TimelineView,
)
from clinic.admin.account import (
    log_ins,
    own_address,
    passkeys,
    pin,
    prove,
    second_factor,
    service_accounts,
)
from clinic.admin.account.language import choose_language
from clinic.admin.lists.lookups import OwnAutocomplete
from clinic.admin.quick_search import quick_search
from clinic.api.auth import LoginView, LogoutView, MeView
from clinic.api.log_ins import LogInViewSet
from clinic.api.resources import CredentialViewSet, OnCallViewSet
from clinic.api.schema.views import DocsView, SchemaView
from clinic.ops import health, metrics, pages, passwords, switching
from patients.admin import imports
from patients.api import (
    BreakGlassViewSet,
    ConsentTextViewSet,
    ConsentViewSet,
    OtherTreatmentViewSet,
    PhotoConsentViewSet,
    ScreeningRuleViewSet,
    TaskViewSet,
)
from sessions import pages as visit_pages
from sessions.api import (
    ArchivablePatientViewSet,
    AvailabilityViewSet,
    CalendarFeedViewSet,
    CandidacyViewSet,
    CheckInViewSet,
    ClosureViewSet,
    DeviceModelViewSet,
    ExposureViewSet,
    FigureViewSet,
    HoldViewSet,
    IncidentReportViewSet,
    OutcomeScaleViewSet,
    OutcomeViewSet,
    PhotoViewSet,
    PlanViewSet,
    ProductViewSet,
    ProtocolViewSet,
    RetirableConcernViewSet,
    RetirableDeviceViewSet,
    RetirablePractitionerViewSet,
    RetirableRoomViewSet,
    SessionViewSet,
    SideEffectViewSet,
    TimeOffViewSet,
    VisitTypeViewSet,
    WaitlistViewSet,
    WorkingHoursViewSet,
    ZoneViewSet,
    calendar_file,
)

router = SimpleRouter(use_regex_path=False)
# What a front desk asks all day comes first: Django tries the addresses one after the other, and
# before them stood 130, a twelfth of what Python does for a booking.
router.register("sessions", SessionViewSet, basename="session")
router.register("availability", AvailabilityViewSet, basename="availability")
router.register("patients", ArchivablePatientViewSet, basename="patient")
router.register("plans", PlanViewSet, basename="plan")
router.register("messages", MessageViewSet, basename="message")
router.register("accesses", AccessViewSet, basename="access")
router.register("address-consents", AddressConsentViewSet, basename="address-consent")
router.register("break-glass", BreakGlassViewSet, basename="break-glass")
router.register("candidacies", CandidacyViewSet, basename="candidacy")
router.register("check-ins", CheckInViewSet, basename="check-in")
router.register("closures", ClosureViewSet, basename="closure")
router.register("concerns", RetirableConcernViewSet, basename="concern")
router.register("consent-texts", ConsentTextViewSet, basename="consent-text")
router.register("consents", ConsentViewSet, basename="consent")
router.register("credentials", CredentialViewSet, basename="credential")
router.register("device-models", DeviceModelViewSet, basename="device-model")
router.register("devices", RetirableDeviceViewSet, basename="device")
router.register("exposures", ExposureViewSet, basename="exposure")
router.register("figures", FigureViewSet, basename="figure")
router.register("holds", HoldViewSet, basename="hold")
router.register("inbox", InboxViewSet, basename="inbox")
router.register("incident-reports", IncidentReportViewSet, basename="incident-report")
router.register("log-ins", LogInViewSet, basename="log-in")
router.register("lots", RecalledLotViewSet, basename="lot")
router.register("on-call", OnCallViewSet, basename="on-call")
router.register("other-treatments", OtherTreatmentViewSet, basename="other-treatment")
router.register("outcome-scales", OutcomeScaleViewSet, basename="outcome-scale")
router.register("outcomes", OutcomeViewSet, basename="outcome")
router.register("photo-consents", PhotoConsentViewSet, basename="photo-consent")
router.register("photos", PhotoViewSet, basename="photo")
router.register("practitioners", RetirablePractitionerViewSet, basename="practitioner")
router.register("products", ProductViewSet, basename="product")
router.register("protocols", ProtocolViewSet, basename="protocol")
router.register("rooms", RetirableRoomViewSet, basename="room")
router.register("screening-rules", ScreeningRuleViewSet, basename="screening-rule")
router.register("side-effects", SideEffectViewSet, basename="side-effect")
router.register("staff-alerts", StaffAlertViewSet, basename="staff-alert")
router.register("tasks", TaskViewSet, basename="task")
router.register("time-off", TimeOffViewSet, basename="time-off")
router.register("visit-types", VisitTypeViewSet, basename="visit-type")
router.register("waitlist", WaitlistViewSet, basename="waitlist")
router.register("working-hours", WorkingHoursViewSet, basename="working-hours")
router.register("zones", ZoneViewSet, basename="zone")

autocomplete = OwnAutocomplete.as_view(admin_site=admin.site)
handler400 = "clinic.ops.error_pages.bad_request"
handler403 = "clinic.ops.error_pages.forbidden"
handler404 = "clinic.ops.error_pages.not_found"
handler500 = "clinic.ops.error_pages.server_error"

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("", pages.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("healthz/dispatch", health.dispatch, name="healthz-dispatch"),
    path("metrics", metrics.metrics, name="metrics"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/autocomplete/", admin.site.admin_view(autocomplete)),
    path("admin/search/", admin.site.admin_view(quick_search), name="quick-search"),
    path(
        "admin/accesses/by/<uuid:pk>/",
        admin.site.admin_view(what_they_looked_at),
        name="accesses-by",
    ),
    path(
        "admin/accesses/unusual/",
        admin.site.admin_view(unusual_accesses),
        name="unusual-accesses",
    ),
    path("admin/away/", admin.site.admin_view(away.away), name="away"),
    path("admin/away/<uuid:time_off_id>/", admin.site.admin_view(away.board), name="away-board"),
    path("admin/healing/", admin.site.admin_view(healing_board), name="healing-board"),
    path("admin/late/", admin.site.admin_view(late.late), name="late"),
    path("admin/today/<uuid:pk>/", admin.site.admin_view(today.press), name="today-press"),
    path("admin/today/<uuid:pk>/cancel/", admin.site.admin_view(today.cancel), name="today-cancel"),
    path("admin/today/<uuid:pk>/undo/", admin.site.admin_view(today.undo), name="today-undo"),
    path("admin/today/<uuid:pk>/move/", admin.site.admin_view(today.move), name="today-move"),
    path("admin/login/", pages.log_in, name="admin-login"),
    path("admin/login/switch/", switching.switch, name="switch-person"),
    path("admin/password/", passwords.ask_for_password, name="admin_password_reset"),
    path("admin/password/asked/", passwords.password_asked, name="password-asked"),
    path("admin/password/<uidb64>/<token>/", passwords.SetPassword.as_view(), name="password-set"),
    path("admin/password_change/", pages.change_password, name="own-password"),
    path("admin/proof/", admin.site.admin_view(prove.proof), name="proof"),
    path("admin/pin/", admin.site.admin_view(pin.pin), name="pin"),
    path("admin/passkeys/", admin.site.admin_view(passkeys.passkeys), name="passkeys"),
    path("admin/passkeys/options/", passkeys.options, name="passkey-options"),
    path("admin/language/", admin.site.admin_view(choose_language), name="own-language"),
    path("admin/log-ins/", admin.site.admin_view(log_ins.log_ins), name="own-log-ins"),
    path("admin/address/", admin.site.admin_view(own_address.own_address), name="own-address"),
    path("admin/address/<str:token>/", passwords.confirm_own_address, name="own-address-confirm"),
    path(
        "admin/second-factor/",
        admin.site.admin_view(second_factor.second_factor),
        name="second-factor",
    ),
    path(
        "admin/service-accounts/",
        admin.site.admin_view(service_accounts.service_accounts),
        name="service-accounts",
    ),
    path(
        "admin/service-accounts/new/",
        admin.site.admin_view(service_accounts.new_service_account),
        name="service-accounts-new",
    ),
    path("admin/week/", admin.site.admin_view(week), name="week"),
    path("admin/import/", admin.site.admin_view(imports.upload), name="import"),
    path("admin/import/<uuid:pk>/", admin.site.admin_view(imports.one_file), name="import-file"),
    path("admin/setup/", admin.site.admin_view(setting_up), name="setup"),
    path("admin/reports/", admin.site.admin_view(reports), name="reports"),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
    path("api/v1/auth/login/", LoginView.as_view(), name="login"),
    path("api/v1/auth/logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/me/", MeView.as_view(), name="me"),
    path("api/v1/patients/<uuid:pk>/history/", HistoryView.as_view(), name="patient-history"),
    path("api/v1/patients/<uuid:pk>/timeline/", TimelineView.as_view(), name="patient-timeline"),
    path("api/v1/patients/<uuid:pk>/merge/", MergeView.as_view(), name="patient-merge"),
    path("api/v1/sessions/<uuid:pk>/leaflet/", LeafletView.as_view(), name="session-leaflet"),
    path(
        "api/v1/calendar-feed/",
        CalendarFeedViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="calendar-feed",
    ),
    path("calendar/<str:secret>.ics", calendar_file, name="calendar-file"),
    path("p/<str:token>/", patient_pages.home, name="patient-page"),
    path("p/<str:token>/confirm/", patient_pages.confirm, name="patient-confirm"),
    path("p/<str:token>/change/", patient_pages.change, name="patient-change"),
    path("p/<str:token>/check/", patient_pages.check_in.begin, name="patient-check"),
    path("p/<str:token>/check/done/", patient_pages.check_in.result, name="patient-check-done"),
    path(
        "p/<str:token>/check/<int:number>/",
        patient_pages.check_in.step,
        name="patient-check-step",
    ),
    path("p/<str:token>/cancel/", patient_pages.cancel, name="patient-cancel"),
    path("p/<str:token>/book/", patient_pages.book, name="patient-book"),
    path("p/<str:token>/move/", patient_pages.move, name="patient-move"),
    path("p/<str:token>/visit/", patient_pages.visit, name="patient-visit"),
    path("p/<str:token>/visit.ics", patient_pages.calendar, name="patient-calendar"),
    path("p/<str:token>/birth-date/", patient_pages.birth_date, name="patient-birth-date"),
    path("p/<str:token>/photo/", patient_pages.photo, name="patient-photo"),
    path("p/<str:token>/ready/", patient_pages.ready.begin, name="patient-ready"),
    path("p/<str:token>/ready/end/", patient_pages.ready.finish, name="patient-ready-end"),
    path("p/<str:token>/ready/consent/", patient_pages.ready.consent, name="patient-ready-consent"),
    path(
        "p/<str:token>/ready/<int:number>/",
        patient_pages.ready.questions,
        name="patient-ready-questions",
    ),
    path("p/<str:token>/own/", patient_pages.own, name="patient-own"),
    path("p/<str:token>/own/<uuid:pk>.jpg", patient_pages.own_photo, name="patient-own-photo"),
    path("p/<str:token>/record/", patient_pages.record, name="patient-record"),
    path("p/<str:token>/answer/", patient_pages.answer, name="patient-answer"),
    path("p/<str:token>/recall/", patient_pages.recall, name="patient-recall"),
    path("p/<str:token>/today/", patient_pages.today, name="patient-today"),
    path("p/<str:token>/leaflet/", patient_pages.leaflet, name="patient-leaflet"),
    path("p/<str:token>/leaflet.pdf", patient_pages.leaflet_pdf, name="patient-leaflet-pdf"),
    path("p/<str:token>/write/", patient_pages.write, name="patient-write"),
    path("p/<str:token>/settings/", patient_pages.settings, name="patient-settings"),
    path("p/<str:token>/preferences/", patient_pages.preferences, name="patient-preferences"),
    path("p/<str:token>/not-me/", patient_pages.not_me, name="patient-not-me"),
    path("p/<str:token>/language/", patient_pages.language, name="patient-language"),
    path("p/<str:token>/unsubscribe/", patient_pages.unsubscribe, name="patient-unsubscribe"),
    path("photo/<str:secret>/", visit_pages.photos, name="photo-page"),
    path("photo/<str:secret>/<slug:view>.jpg", visit_pages.ghost, name="photo-ghost"),
    path("webhooks/sms/", webhooks.sms, name="webhook-sms"),
    path("webhooks/twilio/inbound/", webhooks.twilio_inbound, name="webhook-twilio-inbound"),
    path("webhooks/twilio/status/", webhooks.twilio_status, name="webhook-twilio-status"),
]
# Anymail checks its secret as HTTP basic authentication; without one, the addresses are closed.
if settings.EMAIL_PROVIDER == "anymail" and settings.ANYMAIL.get("WEBHOOK_SECRET"):
    urlpatterns.append(path("webhooks/email/", include("anymail.urls")))
if settings.DEMO:
    urlpatterns.append(path("inbox/", include("clinic.demo.urls")))

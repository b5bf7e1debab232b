"""The pages of staff."""

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": _("Clinic"),
    "SITE_HEADER": _("Clinic"),
    "SITE_SYMBOL": "dermatology",
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {"navigation": "clinic.admin.navigation.account"},
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": lambda request: reverse("own-language")},
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("clinic/icon.svg")}
    ],
    "STYLES": [
        lambda request: static("clinic/lists.css"),
        lambda request: static("clinic/picker.css"),
        lambda request: static("clinic/today.css"),
        lambda request: static("clinic/week.css"),
        lambda request: static("clinic/reach.css"),
    ],
    "SCRIPTS": [
        lambda request: static("clinic/picker.js"),
        lambda request: static("clinic/names.js"),
        lambda request: static("clinic/keys.js"),
    ],
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .012 45)",
            "100": "oklch(94.5% .03 45)",
            "200": "oklch(89% .06 43)",
            "300": "oklch(81% .1 42)",
            "400": "oklch(71% .14 41)",
            "500": "oklch(62% .15 40)",
            "600": "oklch(53% .14 38)",
            "700": "oklch(46% .12 37)",
            "800": "oklch(39% .1 37)",
            "900": "oklch(34% .08 37)",
            "950": "oklch(24% .06 37)",
        }
    },
    "DASHBOARD_CALLBACK": "aftercare.admin.today.page.today",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "clinic.admin.navigation.sidebar",
    },
}

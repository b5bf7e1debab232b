"""E-mail and SMS."""

from clinic.settings.environment import env

EMAIL_PROVIDER = env("EMAIL_PROVIDER", default="smtp")  # smtp | anymail
# Of any provider that django-anymail knows: ANYMAIL_BACKEND=anymail.backends.postmark.EmailBackend
# and whatever that needs, such as ANYMAIL_POSTMARK_SERVER_TOKEN.
ANYMAIL_BACKEND = env("ANYMAIL_BACKEND", default="")
ANYMAIL = {
    "REQUESTS_TIMEOUT": (3.05, 8),
    **{
        name.removeprefix("ANYMAIL_"): value
        for name, value in env.ENVIRON.items()
        if name.startswith("ANYMAIL_") and name != "ANYMAIL_BACKEND" and not name.endswith("_FILE")
    },
}
_email = env.email_url(
    "EMAIL_URL", **({"default": "smtp://localhost"} if EMAIL_PROVIDER == "anymail" else {})
)
EMAIL_BACKEND = "aftercare.channels.email.Backend"
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = env("EMAIL_PASSWORD", default=_email["EMAIL_HOST_PASSWORD"])
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")
SMS_PROVIDER = env("SMS_PROVIDER")  # http | twilio | capture
SMS_HTTP_URL = env("SMS_HTTP_URL", default="")
SMS_HTTP_TOKEN = env("SMS_HTTP_TOKEN", default="")
SMS_HTTP_KIND = env("SMS_HTTP_KIND", default="none")  # dedupe | lookup | none
SMS_HTTP_LOOKUP_URL = env("SMS_HTTP_LOOKUP_URL", default="")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env("TWILIO_FROM", default="")
TWILIO_API_URL = env("TWILIO_API_URL", default="https://api.twilio.com")
# Signs what the SMS gateway sends to /webhooks/sms/. Without it, that address is closed.
SMS_WEBHOOK_SECRET = env("SMS_WEBHOOK_SECRET", default="")

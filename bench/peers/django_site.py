"""django-appointment on a database of its own; runs in its own environment, not in the product's.

    DATABASE=… python bench/peers/django_site.py PEOPLE CUSTOMERS OLD    # fills it, prints a cookie
    DATABASE=… gunicorn --chdir bench/peers django_site:application

Its ways are those of its README, with persistent connections and without its CSRF middleware, as
the desk's call of a clinic's own front end. It ships without migrations.
"""

import os
import sys
from datetime import date, time, timedelta

from django.conf import settings

settings.configure(
    SECRET_KEY="only-for-this-benchmark",
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["DB_NAME"],
            "USER": os.environ["DB_USER"],
            "PASSWORD": os.environ["DB_PASSWORD"],
            "HOST": os.environ["DB_HOST"],
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "appointment",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "appointment")),
    ROOT_URLCONF="django_site",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
        }
    ],
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
    USE_TZ=True,
    STATIC_URL="/static/",
)

import django  # noqa: E402

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("appointment/", include("appointment.urls"))]
application = get_wsgi_application()


def fill(people: int, customers: int, old: int) -> str:
    """Returns the cookie of a superuser who has logged in."""
    from importlib import import_module

    from appointment.models import (  # type: ignore[import-not-found]  # not in our environment
        Appointment,
        AppointmentRequest,
        Service,
        StaffMember,
    )
    from django.contrib.auth import get_user_model, login
    from django.core.management import call_command
    from django.http import HttpRequest

    call_command("migrate", run_syncdb=True, verbosity=0)
    user = get_user_model()
    boss = user.objects.create_superuser("boss", "boss@clinic.example", "boss")
    service = Service.objects.create(name="Treatment", duration=timedelta(minutes=45), price=0)
    staff = []
    for number in range(people):
        person = user.objects.create(username=f"person{number}", first_name="Person")
        member = StaffMember.objects.create(user=person)
        member.services_offered.add(service)
        staff.append(member)
    clients = user.objects.bulk_create(
        user(username=f"c{n}", email=f"c{n}@mail.example", first_name="Ada", last_name=f"F{n}")
        for n in range(customers)
    )
    requests = AppointmentRequest.objects.bulk_create(
        (
            AppointmentRequest(
                date=date.today() - timedelta(days=1 + n // people // 9),  # noqa: DTZ011
                start_time=time(9 + n // people % 9),
                end_time=time(9 + n // people % 9, 45),
                service=service,
                staff_member=staff[n % people],
                id_request=f"old{n}",
            )
            for n in range(old)
        ),
        batch_size=5_000,
    )
    Appointment.objects.bulk_create(
        (
            Appointment(
                client=clients[n % customers],
                appointment_request=request,
                phone="+4915112345678",
                id_request=f"old{n}",
                amount_to_pay=0,
            )
            for n, request in enumerate(requests)
        ),
        batch_size=5_000,
    )
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, boss)
    request.session.save()
    return f"{service.pk} {staff[0].pk} {request.session.session_key}"


if __name__ == "__main__":
    print(fill(*map(int, sys.argv[1:])))

import os

from django.core.wsgi import get_wsgi_application

from clinic.start import require_address

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
require_address()
application = get_wsgi_application()

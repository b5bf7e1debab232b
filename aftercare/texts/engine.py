"""The template engine of our messages: no loaders, no libraries, values are escaped."""

from django.template import Engine

ENGINE = Engine(autoescape=True)

"""Pages of the admin and who opens them."""

from typing import Any

from django.test import Client
from django.urls import reverse

from clinic.models import User


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(row: Any, page: str = "change") -> str:
    model = row._meta
    name = f"admin:{model.app_label}_{model.model_name}_{page}"
    return reverse(name, args=[row.pk]) if page == "change" else reverse(name)

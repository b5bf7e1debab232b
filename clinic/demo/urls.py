from django.urls import path

from clinic.demo import inbox

urlpatterns = [
    path("", inbox.page, name="inbox"),
    path("messages.json", inbox.messages, name="inbox-messages"),
    path("mail/<slug:name>/", inbox.mail, name="inbox-mail"),
]

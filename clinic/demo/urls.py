from django.urls import path

from clinic.demo import mailbox

urlpatterns = [
    path("", mailbox.page, name="inbox"),
    path("messages.json", mailbox.messages, name="inbox-messages"),
    path("mail/<slug:name>/", mailbox.mail, name="inbox-mail"),
]

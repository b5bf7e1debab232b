from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic.accounts.log_ins import end_all_log_ins
from clinic.accounts.second_factor import is_set, remove_second_factor
from clinic.audit.record import SYSTEM, Access, record
from clinic.models import Action, Door, User


class Command(BaseCommand):
    help = "End the second factor of somebody who has lost it, where no manager can."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None or not is_set(user):
            raise CommandError(f"Nobody named {username} has a second factor.")
        record(
            Access(
                actor=SYSTEM,
                door=Door.COMMAND,
                place="end_second_factor",
                action=Action.PERMISSION_CHANGE,
                object_model=User._meta.label,
                object_id=user.pk,
            )
        )
        at = timezone.now()
        remove_second_factor(at=at, by=user)
        end_all_log_ins(at=at, by=user)  # of whoever has the lost device
        self.stdout.write(f"{user} logs in with the password alone, until it is set up again.")

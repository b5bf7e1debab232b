"""Tokens for programs: made by a manager, told once, over on a known day (decision 0087).

The token is one of knox's, of which a hash is kept, and ends with the account's `expires_at`; use
does not put that off.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.crypto import get_random_string
from knox.models import AuthToken

from clinic.accounts.notices import tell_of_service
from clinic.db.retries import retried_transaction
from clinic.models import Clinic, Role, ServiceAccount, User
from clinic.models.integrations import LONGEST
from clinic.models.staff import SERVICE
from clinic.permissions import SCOPES

WARNED = timedelta(days=14)  # before it ends
USE_WRITTEN_EVERY = timedelta(minutes=1)


@retried_transaction
def make_service_account(
    *, name: str, clinic: Clinic, scopes: list[str], expires_at: datetime, at: datetime, by: User
) -> tuple[ServiceAccount, str]:
    """The account, and what opens with it. Raises ValueError for an end or a scope that no form
    offers."""
    if not at < expires_at <= at + LONGEST or not set(scopes) <= set(SCOPES):
        raise ValueError("no such end or scope")
    user = User(username=f"service-{get_random_string(12).lower()}", last_name=name, role=SERVICE)
    user.set_unusable_password()
    user.save()
    user.clinics.add(clinic)
    account = ServiceAccount.objects.create(
        user=user,
        clinic=clinic,
        name=name,
        scopes=sorted(scopes),
        made_by=by,
        expires_at=expires_at,
        created_at=at,
    )
    row, token = AuthToken.objects.create(user=user)
    AuthToken.objects.filter(pk=row.pk).update(expiry=expires_at)
    return account, token


@retried_transaction
def end_service_account(*, account_id: UUID, at: datetime, by: User) -> None:
    """One of the manager's clinics. The trigger of `User` deletes its token. What has ended is no
    error."""
    found = ServiceAccount.objects.visible_to(by).filter(pk=account_id)
    for account in found.select_for_update(of=("self",)):
        User.objects.filter(pk=account.user_id).update(is_active=False)
        account.ended_at = account.ended_at or at
        account.save(update_fields=["ended_at"])


def use_service_account(account: ServiceAccount, *, at: datetime) -> bool:
    """False if it is over."""
    if account.ended_at or account.expires_at <= at:
        return False
    if account.last_used_at is None or at - account.last_used_at >= USE_WRITTEN_EVERY:
        ServiceAccount.objects.filter(pk=account.pk).update(last_used_at=at)
    return True


@retried_transaction
def warn_of_ends(*, at: datetime) -> None:
    """By mail to the clinic's managers, once."""
    ends = ServiceAccount.objects.filter(ended_at=None, warned_at=None)
    ends = ends.filter(expires_at__gt=at, expires_at__lte=at + WARNED)
    for account in ends.select_related("clinic").select_for_update(of=("self",), skip_locked=True):
        managers = account.clinic.staff.filter(role=Role.MANAGER, is_active=True)
        for manager in managers:
            tell_of_service(user=manager, name=account.name, expires_at=account.expires_at)
        account.warned_at = at
        account.save(update_fields=["warned_at"])

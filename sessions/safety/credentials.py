"""Who treats, and whether they may: licence, training, insurance, premises, examination.

What is on record and has ended stops the treatment; what is not on record stops it where the clinic
says that its law asks for it. Nobody can decide to do without. Source: clinical.md §1.3.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext, gettext_noop

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import PRESCRIBERS, PROOF_OF, CredentialKind, Proof
from clinic.values.moments import date_in_words
from sessions.safety.facts import Credential, Standing

YEAR = timedelta(days=365)
DOCUMENTS = tuple(proof for proof in Proof if proof != Proof.EXAMINATION)
RULE = gettext_noop("who may treat")


def check_credentials(
    standing: Standing, *, on: date, device: str, deepest_mm: Decimal | None = None
) -> list[Finding]:
    found: list[Finding] = []
    for proof in DOCUMENTS:
        held = [one for one in standing.credentials if _proves(one, proof, device)]
        counting = [one for one in held if one.counts_on(on)]
        if counting:
            found += _check_depth(counting, proof, deepest_mm)
        elif held or proof in standing.asked:
            found.append(_not_proven(proof, held, on))
    return [*found, *_check_examination(standing, on)]


def held_on(credentials: Iterable[Credential], day: date) -> frozenset[str]:
    """The kinds that count on a day; a physician prescribes as well."""
    kinds = frozenset(one.kind for one in credentials if one.counts_on(day))
    return kinds | set(PRESCRIBERS) if CredentialKind.PHYSICIAN in kinds else kinds


def _proves(credential: Credential, proof: Proof, device: str) -> bool:
    is_for_device = proof != Proof.TRAINING or credential.device == device
    return PROOF_OF[credential.kind] == proof and is_for_device


def _not_proven(proof: Proof, held: Sequence[Credential], on: date) -> Finding:
    ended = max((one.expires_on for one in held if one.expires_on), default=None)
    if ended and ended < on:
        code = "credential_expired"
        said = gettext(
            "{proof} ended on {day}. A manager enters the new one among the credentials."
        ).format(proof=proof.label, day=date_in_words(ended, "j M Y"))
    elif held:
        code = "credential_expired"
        said = gettext(
            "{proof} has not begun yet. A manager enters the new one among the credentials."
        ).format(proof=proof.label)
    else:
        code = "credential_missing"
        said = gettext(
            "{proof} is not on record, and this clinic asks for it. "
            "A manager enters the new one among the credentials."
        ).format(proof=proof.label)
    return Finding(
        code=code,
        subject=proof.value.lower(),
        severity=Severity.BLOCK,
        message=said,
        rule=gettext(RULE),
        source=OUR_DEFAULT,
        numbers={"days_over": str((on - ended).days)} if ended and ended < on else {},
    )


def _check_depth(
    counting: Sequence[Credential], proof: Proof, deepest_mm: Decimal | None
) -> Iterable[Finding]:
    """The widest of what counts is the limit."""
    limits = [one.depth_max_mm for one in counting]
    if deepest_mm is None or None in limits:
        return
    limit = max(depth for depth in limits if depth is not None)
    if deepest_mm > limit:
        yield Finding(
            code="depth_above_credential",
            subject=proof.value.lower(),
            severity=Severity.BLOCK,
            message=gettext(
                "{depth} mm is deeper than the {limit} mm that the {proof} allows."
            ).format(depth=deepest_mm, limit=limit, proof=proof.label.lower()),
            rule=gettext(RULE),
            source=OUR_DEFAULT,
            numbers={"depth_mm": str(deepest_mm), "limit_mm": str(limit)},
        )


def _check_examination(standing: Standing, on: date) -> Iterable[Finding]:
    if Proof.EXAMINATION not in standing.asked:
        return
    last = standing.examined_on
    if last is None or on > last + YEAR:
        kinds = gettext(" or ").join(kind.label.lower() for kind in PRESCRIBERS)
        said = gettext(
            "A {kinds} must examine this patient within the year: record it as a candidacy."
        ).format(kinds=kinds)
        if last:
            day = date_in_words(last, "j M Y")
            before = gettext("The last examination was on {day}.").format(day=day)
            said = f"{before} {said}"
        yield Finding(
            code="examination_due",
            severity=Severity.BLOCK,
            message=said,
            rule=gettext(RULE),
            source=OUR_DEFAULT,
            numbers={"days": str((on - last).days)} if last else {},
        )

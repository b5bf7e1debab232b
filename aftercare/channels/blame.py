"""Whose fault a refusal is: what becomes of the message depends on nothing else.

Only what a server says of the recipient ends or delays one message. Everything else (our address,
our password, our pace, their disk) would be said to every message: it goes back untried, and the
channel rests (aftercare.dispatch.outages).
"""

import re
from enum import StrEnum

# RFC 3463: class, subject and detail of what is wrong, as in “550 5.1.1 no such user”.
ENHANCED = re.compile(r"\b([45])\.(\d{1,3})\.(\d{1,3})\b")
GREYLIST = re.compile(r"gr[ae]y.?list", re.IGNORECASE)  # said with any code, of each new recipient
# About the recipient, whatever else 5.4 is for: how Microsoft says that there is no such mailbox.
NO_SUCH = re.compile(r"recipient address rejected|unable to route", re.IGNORECASE)
SENDER = ("7", "8")  # X.1.7 and X.1.8 are about the sender's address, which is ours

# What Twilio answers with 400 is about the message or the number, but for these: the account, its
# sender's number, its credit. https://www.twilio.com/docs/api/errors
OF_OUR_ACCOUNT = {
    *("10001", "10002", "20003", "20005", "20006", "20008", "20403", "20404"),  # account
    *("14107", "20429", "21611", "30001", "30010", "30018", "30022", "63038"),  # pace, credit
    *("21212", "21603", "21606", "21607", "21612", "21659", "21660", "21701"),  # sender
    *("21703", "21704", "21705"),  # sender
    *("30002", "30027", "30034"),  # permission
}
OF_THE_MESSAGE = (400, 406, 409, 410, 413, 414, 415, 422)


class Blame(StrEnum):
    RECIPIENT = "recipient"  # for good: no such mailbox, not a mobile number
    MOMENT = "moment"  # this recipient, but later it may do: a full mailbox, greylisting
    SERVICE = "service"  # nothing about this message


def of_smtp(code: int, words: str, *, at_rcpt: bool) -> Blame:
    """Of a reply to SMTP. `at_rcpt`: it answers RCPT, which names the recipient.

    What has an enhanced code (RFC 3463) is judged by it: X.1 is the address, X.2 the mailbox. Of
    those without, only 450 and 550 to RCPT are the recipient's.
    """
    later = Blame.MOMENT if code < 500 else Blame.RECIPIENT
    if GREYLIST.search(words):
        return Blame.MOMENT
    if enhanced := ENHANCED.search(words):
        _, subject, detail = enhanced.groups()
        is_address = subject == "1" and detail not in SENDER
        is_unknown = subject == "4" and NO_SUCH.search(words)
        return later if is_address or subject == "2" or is_unknown else Blame.SERVICE
    return later if at_rcpt and code in (450, 550) else Blame.SERVICE


def of_http(status: int, code: str = "") -> Blame:
    """Of an answer of an HTTP API, with the provider's own code of the error."""
    is_ours = code in OF_OUR_ACCOUNT
    return Blame.RECIPIENT if status in OF_THE_MESSAGE and not is_ours else Blame.SERVICE

"""Replies of real mail servers and providers: whose fault they are, and so what comes next."""

import pytest

from aftercare.channels.blame import Blame, of_http, of_smtp

# What servers say, by the command that they answer. Postfix, Exim, Exchange and Microsoft 365,
# Gmail, Amazon SES, SendGrid, Mailgun, qmail and Sendmail.
SMTP = """
RCPT      RECIPIENT 550 5.1.1 <x>: Recipient address rejected: User unknown in local recipient table
RCPT      RECIPIENT 550-5.1.1 The email account that you tried to reach does not exist
RCPT      RECIPIENT 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found
RCPT      RECIPIENT 550 5.1.0 Address rejected
RCPT      RECIPIENT 550 5.1.2 Bad destination system address
RCPT      RECIPIENT 553 5.1.3 The recipient address is not a valid RFC 5321 address
RCPT      RECIPIENT 550 5.1.6 Recipient no longer on server
RCPT      RECIPIENT 550 5.2.1 The email account that you tried to reach is disabled
RCPT      RECIPIENT 550 5.2.0 Mailbox has moved
RCPT      RECIPIENT 552 5.2.2 The recipient's inbox is out of storage space
RCPT      RECIPIENT 550 5.4.1 Recipient address rejected: Access denied
RCPT      RECIPIENT 550 Unrouteable address
RCPT      RECIPIENT 550 no such user here
RCPT      RECIPIENT 550 User unknown
BODY      RECIPIENT 550 5.1.1 User unknown
BODY      RECIPIENT 552 5.2.2 Over quota
BODY      RECIPIENT 550 5.2.3 Message too large for this mailbox
RCPT      MOMENT    450 4.2.0 <x>: Recipient address rejected: Greylisted
RCPT      MOMENT    451 4.7.1 Greylisting in action, please come back later
RCPT      MOMENT    451 4.7.0 Greylisted, please try again in 300 seconds
RCPT      MOMENT    450 4.2.1 The user you are trying to contact is receiving mail too quickly
RCPT      MOMENT    452 4.2.2 The recipient's inbox is out of storage space
RCPT      MOMENT    450 4.1.1 Mailbox temporarily unavailable
RCPT      MOMENT    450 4.1.2 Recipient address rejected: Domain not found
RCPT      MOMENT    450 mailbox busy
BODY      MOMENT    452 4.2.2 Mailbox full
CONNECT   SERVICE   421 4.7.0 Too many connections from your IP
CONNECT   SERVICE   421 4.3.2 Service not available
CONNECT   SERVICE   554 No SMTP service here
CONNECT   SERVICE   554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
CONNECT   SERVICE   550 5.7.606 Access denied, banned sending IP
EHLO      SERVICE   550 bad HELO
AUTH      SERVICE   535 5.7.8 Username and Password not accepted
AUTH      SERVICE   535 Authentication credentials invalid
AUTH      SERVICE   534 5.7.9 Application-specific password required
AUTH      SERVICE   454 4.7.0 Temporary authentication failure
STARTTLS  SERVICE   454 4.7.0 TLS not available due to local problem
MAIL      SERVICE   530 5.7.0 Must issue a STARTTLS command first
MAIL      SERVICE   530 5.7.1 Authentication required
MAIL      SERVICE   553 5.1.8 Sender address rejected: domain not found
MAIL      SERVICE   550 5.1.7 Invalid sender address
MAIL      SERVICE   553 sorry, your envelope sender is in my badmailfrom list
MAIL      SERVICE   554 5.7.1 Sender address rejected: Access denied
MAIL      SERVICE   550 5.7.60 Client does not have permissions to send as this sender
MAIL      SERVICE   452 4.3.1 Insufficient system storage
MAIL      SERVICE   451 4.3.0 Temporary lookup failure
MAIL      SERVICE   450 4.7.1 Client host rejected: cannot find your reverse hostname
MAIL      SERVICE   550 5.4.5 Daily user sending limit exceeded
MAIL      SERVICE   454 Throttling failure: Daily message quota exceeded
MAIL      SERVICE   454 Throttling failure: Maximum sending rate exceeded
MAIL      SERVICE   550 no mail from you
RCPT      SERVICE   554 5.7.1 <x>: Relay access denied
RCPT      SERVICE   550 5.7.1 Unable to relay
RCPT      SERVICE   550 5.7.1 Client host rejected
RCPT      SERVICE   553 sorry, that domain isn't in my list of allowed rcpthosts
RCPT      SERVICE   554 5.7.1 <x>: Recipient address rejected: Access denied
RCPT      SERVICE   550 5.1.8 Access denied, bad outbound sender
RCPT      SERVICE   451 4.3.5 Server configuration problem
RCPT      SERVICE   452 4.5.3 Too many recipients
RCPT      SERVICE   421 4.4.2 Connection dropped due to inactivity
RCPT      SERVICE   530 5.7.57 Client not authenticated to send mail
RCPT      SERVICE   550 5.4.5 Daily sending quota exceeded
RCPT      SERVICE   454 4.7.1 Relay access denied
DATA      SERVICE   354 odd
DATA      SERVICE   451 4.3.0 Error: queue file write error
DATA      SERVICE   503 5.5.1 Bad sequence of commands
BODY      SERVICE   554 5.7.1 Message rejected as spam
BODY      SERVICE   554 Message rejected: Email address is not verified
BODY      SERVICE   550 5.7.26 Unauthenticated email is not accepted due to DMARC policy
BODY      SERVICE   552 5.3.4 Message too big for system
BODY      SERVICE   554 5.6.0 Bad message content
BODY      SERVICE   451 4.7.1 Service unavailable, try again later
BODY      SERVICE   421 4.7.28 Unusual rate of mail from your network
BODY      SERVICE   550 Sending suspended for this account
"""
# Of HTTP APIs: status and the provider's own code. Twilio answers 400 for nearly everything.
HTTP = """
400 -     RECIPIENT bad number
400 21211 RECIPIENT The 'To' number is not a valid phone number
400 21610 RECIPIENT Attempt to send to unsubscribed recipient
400 21614 RECIPIENT 'To' number is not a valid mobile number
400 21408 RECIPIENT Permission to send an SMS has not been enabled for the region
400 21617 RECIPIENT The concatenated message body exceeds the limit
413 -     RECIPIENT too large
422 -     RECIPIENT not a mobile number
400 21212 SERVICE   Invalid 'From' number
400 21606 SERVICE   The 'From' number is not a valid, SMS-capable number
400 21611 SERVICE   This 'From' number has exceeded the queue limit
401 20003 SERVICE   Authenticate
401 -     SERVICE   who are you
402 -     SERVICE   no credit left
403 20005 SERVICE   Account not active
403 -     SERVICE   forbidden
404 -     SERVICE   no such address of the API
405 -     SERVICE   method not allowed
408 -     SERVICE   too slow
301 -     SERVICE   moved
429 20429 SERVICE   Too many requests
429 63038 SERVICE   Account exceeded the daily messages limit
503 -     SERVICE   later
"""


@pytest.mark.parametrize("line", SMTP.strip().splitlines())
def test_replies_of_mail_servers(line: str) -> None:
    command, expected, reply = line.split(None, 2)

    blame = of_smtp(int(reply[:3]), reply[4:], at_rcpt=command == "RCPT")

    assert blame == Blame[expected]


@pytest.mark.parametrize("line", HTTP.strip().splitlines())
def test_answers_of_providers(line: str) -> None:
    status, code, expected, _ = line.split(None, 3)

    assert of_http(int(status), code.strip("-")) == Blame[expected]

"""What providers call us with: replies of patients, and what became of our messages.

Every request is signed, of a bounded size, and may come twice or out of order.
"""

from aftercare.webhooks.generic import sms
from aftercare.webhooks.twilio import inbound as twilio_inbound
from aftercare.webhooks.twilio import status as twilio_status

__all__ = ["sms", "twilio_inbound", "twilio_status"]

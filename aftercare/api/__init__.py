"""Messages, what comes back, and the story of a patient, over HTTP."""

from aftercare.api.accesses import AccessViewSet
from aftercare.api.addresses import AddressConsentViewSet
from aftercare.api.alerts import StaffAlertViewSet
from aftercare.api.inbox import InboxViewSet
from aftercare.api.leaflet import LeafletView
from aftercare.api.merge import MergeView
from aftercare.api.messages import MessageViewSet
from aftercare.api.recalls import RecalledLotViewSet
from aftercare.api.timeline import HistoryView, TimelineView

__all__ = [
    "AccessViewSet",
    "AddressConsentViewSet",
    "HistoryView",
    "InboxViewSet",
    "LeafletView",
    "MergeView",
    "MessageViewSet",
    "RecalledLotViewSet",
    "StaffAlertViewSet",
    "TimelineView",
]

"""The pages behind the links of a patient's message: no log-in and no script.

Whoever holds the link may answer this one message; what is the patient's own takes the birth
date too. A GET changes nothing, because mail programs open links to look for viruses.
"""

from aftercare.pages import check_in, ready
from aftercare.pages.birth_date import birth_date
from aftercare.pages.check_in.photo import photo
from aftercare.pages.home import home
from aftercare.pages.language import language
from aftercare.pages.leaflet import leaflet, leaflet_pdf
from aftercare.pages.not_me import not_me
from aftercare.pages.own import own, own_photo
from aftercare.pages.record import record
from aftercare.pages.settings import preferences, settings, unsubscribe
from aftercare.pages.times.book import book
from aftercare.pages.times.cancel import calendar, cancel
from aftercare.pages.times.other_times import change, move
from aftercare.pages.today import today
from aftercare.pages.told.answer import answer
from aftercare.pages.told.recall import recall
from aftercare.pages.visit import confirm, visit
from aftercare.pages.write import write

__all__ = [
    "answer",
    "birth_date",
    "book",
    "calendar",
    "cancel",
    "change",
    "check_in",
    "confirm",
    "home",
    "language",
    "leaflet",
    "leaflet_pdf",
    "move",
    "not_me",
    "own",
    "own_photo",
    "photo",
    "preferences",
    "ready",
    "recall",
    "record",
    "settings",
    "today",
    "unsubscribe",
    "visit",
    "write",
]

"""Getting ready for a visit at home: the questionnaire in a few short pages, and the consent.

It is the patient's own, so it takes the birth date. Each page is kept, and half a form is resumed.
"""

from aftercare.pages.ready.consent import consent
from aftercare.pages.ready.views import begin, finish, questions

__all__ = ["begin", "consent", "finish", "questions"]

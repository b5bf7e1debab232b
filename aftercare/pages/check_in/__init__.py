"""The check-in: how the skin is, in up to four short pages, and what to do then.

Each page is saved and triaged, so half a form counts. A GET only shows, and never what was answered
before: the link alone does not open that.
"""

from aftercare.pages.check_in.result import result
from aftercare.pages.check_in.views import begin, step

__all__ = ["begin", "result", "step"]

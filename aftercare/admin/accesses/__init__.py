"""Who has seen and done what: the record of accesses, for auditors, managers and oneself."""

from aftercare.admin.accesses import break_glass as _break_glass  # noqa: F401  registers the page
from aftercare.admin.accesses import list as _list  # noqa: F401  registers the page

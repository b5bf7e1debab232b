"""What all admin pages share, and the clinic's own pages."""

from clinic.admin import site as _site  # noqa: F401  registers the pages
from clinic.admin.base import (
    ClinicAdmin,
    FixedRows,
    MovesInline,
    OfTheirClinics,
    ReadOnly,
    ReadOnlyInline,
    ScopedFields,
    ScopedInline,
    ServiceAdmin,
    VersionedAdmin,
    VersionPartInline,
    version_columns,
)
from clinic.admin.buttons import StatusButtons

__all__ = [
    "ClinicAdmin",
    "FixedRows",
    "MovesInline",
    "OfTheirClinics",
    "ReadOnly",
    "ReadOnlyInline",
    "ScopedFields",
    "ScopedInline",
    "ServiceAdmin",
    "StatusButtons",
    "VersionPartInline",
    "VersionedAdmin",
    "version_columns",
]

"""Taking in patients from a file of another system: read it, check each row, register.

See decision 0058.
"""

from patients.services.imports.run import (
    discard_import,
    go_on_with_imports,
    start_import,
    upload_patients,
)

__all__ = ["discard_import", "go_on_with_imports", "start_import", "upload_patients"]

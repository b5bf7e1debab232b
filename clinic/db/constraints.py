"""What the database refused."""


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that refused a statement; empty if it was something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""

"""Tables of truth about lives: which status may follow on which, as somebody writes it down."""


def moves(table: str) -> dict[str, set[str]]:
    """A line for each status, with those that may follow on it."""
    lines = [line.split() for line in table.split("\n") if line.strip()]
    return {old: set(new) for old, *new in lines}

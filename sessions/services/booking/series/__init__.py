"""All sessions that a plan still needs: proposed, booked together or not at all, moved along when
an earlier one moves, and followed by the visits that measure the outcome."""

"""Free times, sessions, series, holds, the waitlist and absences, over HTTP."""

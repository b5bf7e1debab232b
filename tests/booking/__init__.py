"""Plans, bookings, holds, series, the waitlist, and the lives of sessions."""

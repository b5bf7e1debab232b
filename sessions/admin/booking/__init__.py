"""What takes or frees a time, in the admin: new callers, sittings, cancelling, the waitlist, and
what has bookings ahead when it closes or retires."""

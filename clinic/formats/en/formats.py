"""Dates and times that cannot be misread on either side of the Atlantic."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"

# Ours: the day of a visit, as patients read it, and by SMS.
VISIT_DATE_FORMAT = "l j F"
VISIT_DATE_SMS_FORMAT = "D j F"

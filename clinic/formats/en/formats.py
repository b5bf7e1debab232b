"""Dates and times that cannot be misread on either side of the Atlantic."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"

# Ours: the days of a birth and of a visit, as patients read them, and by SMS.
BIRTH_DATE_FORMAT = "j F Y"
VISIT_DATE_FORMAT = "l j F"
VISIT_DATE_SMS_FORMAT = "D j F"

DECIMAL_SEPARATOR = "."  # as numbers are typed, and as drawings and scripts want them

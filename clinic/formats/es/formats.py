"""What patients read in Spanish."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"

BIRTH_DATE_FORMAT = r"j \d\e F \d\e Y"
VISIT_DATE_FORMAT = r"l j \d\e F"
VISIT_DATE_SMS_FORMAT = r"j \d\e F"  # “sáb” would not be in the SMS alphabet

DECIMAL_SEPARATOR = "."  # as numbers are typed, and as drawings and scripts want them

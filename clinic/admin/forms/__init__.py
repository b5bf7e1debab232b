"""The fields of the admin's forms: dates, clocks, lengths of time, choices."""

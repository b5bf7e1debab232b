"""Patients' records: found, screened, merged, archived."""

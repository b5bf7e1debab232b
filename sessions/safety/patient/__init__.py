"""Rules that look at the patient: is this person ready today, and what did earlier treatments
leave or do?"""

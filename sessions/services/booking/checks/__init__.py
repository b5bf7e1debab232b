"""What is looked at before a booking is written: its times, who and what is there, what is in the
way, and what the safety rules say."""

"""What the page “Reports” has from here: whether patients who are reminded come."""

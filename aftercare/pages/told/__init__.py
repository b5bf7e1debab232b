"""What the clinic tells a patient in words of its own: an answer, and the recall of a lot."""

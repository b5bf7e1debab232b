"""Ways to send mail, and who takes it: what `bench/sending/speed.py` compares."""

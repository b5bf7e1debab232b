"""Ways to send mail, and who takes it: what `bench/dispatch.py` compares."""

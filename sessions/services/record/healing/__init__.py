"""How the skin heals: side effects, and what patients report, by whom it is read and until when."""

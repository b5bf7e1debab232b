"""How the demo's records come about: who its patients are, and what is done to them, through the
services that staff use."""

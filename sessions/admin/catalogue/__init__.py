"""What is chosen from, in the admin: protocols, limits of zones, devices, products, kinds of visit,
and the rules of triage."""

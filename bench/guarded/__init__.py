"""What the guard of secrets and log-ins costs, and whether its times tell anything."""

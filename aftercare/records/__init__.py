"""What looks at all apps: the story and history of a patient, and merging two records."""

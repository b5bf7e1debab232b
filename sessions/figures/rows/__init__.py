"""What the figures are made of: each function is one statement. Of one clinic, by its sessions in a
period (`session_by_clinic_day`), and from there by the keys of what belongs to them."""

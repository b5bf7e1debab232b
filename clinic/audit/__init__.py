"""What is written down about every access to patients' data: decision 0044."""

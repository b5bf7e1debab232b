"""What tests share: servers, doubles, rows, forms, and what every answer is checked by."""

"""The OpenAPI description of the API, served at /api/schema/: made from the code that answers.

`fields` says what a value may be, `operations` how an operation is called, `answers` what each may
answer besides its success. `tests/support/answers.py` compares every answer of the tests with it.
"""

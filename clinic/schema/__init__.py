"""The OpenAPI description of the API, served at /api/schema/: made from the code that answers.

`fields` says what a value may be, `answers` what every operation may answer besides its success.
`tests/answers.py` compares every answer of the tests with it.
"""

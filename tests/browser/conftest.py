from tests.replies.conftest import triage_rules as triage_rules

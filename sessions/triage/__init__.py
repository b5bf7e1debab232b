"""Triage of how a skin heals: pure functions from what is reported to a level and its rules.

No database and no clock. The rules are versioned data (`TriageVersion`); which sentences they can
be made of is in `rules`. The level is the maximum over all rules, so that whatever is reported in
addition can only raise it.
"""

from sessions.triage.assess import Fired, Triage, assess
from sessions.triage.facts import HostRisk, Level, Report, Score, Sign, gravest
from sessions.triage.rules import BadRules, RuleSet, read_rule_set
from sessions.triage.words import Vocabulary, read_vocabulary, signs_in

__all__ = [
    "BadRules",
    "Fired",
    "HostRisk",
    "Level",
    "Report",
    "RuleSet",
    "Score",
    "Sign",
    "Triage",
    "Vocabulary",
    "assess",
    "gravest",
    "read_rule_set",
    "read_vocabulary",
    "signs_in",
]

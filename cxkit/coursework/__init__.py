"""From an assignment to a gradebook: release, collecting, marking from outside, feedback, the class at a glance."""

from cxkit.late_grammars import load_grammars_late

load_grammars_late()

"""From an assignment to a gradebook: release, collecting, marking from outside, feedback, the class at a glance."""

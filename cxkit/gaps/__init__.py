"""Where an organisation differs within itself: between leaders and staff, between functions, within units.

Answers the questions of notebook 03: do the members of a unit agree enough to speak of *its* culture, how far are
leaders from those they lead, and which of the differences can be told from chance?
"""

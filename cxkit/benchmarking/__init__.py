"""Where an organisation stands among others, and how sure one can be.

Answers the questions of notebook 02: what does it score, what do comparable organisations score, at which percentile
does it stand, and how far could that be off?
"""

"""Does this questionnaire measure what it says it measures?

Answers the questions of notebook 01, one part a file: does each item belong to its dimension (`items`), is a dimension
measured precisely enough (`reliability`), do the answers hang together enough to be factored (`adequacy`), how many
factors stand behind them (`dimensionality`), and which items belong to which factor (`factors`)?
"""

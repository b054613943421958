"""Do submissions resemble each other more than honest work on one assignment does? Evidence, never a verdict."""

from cxkit.coursework.similarity.pairs import ClassSimilarity, SimilarPair, class_similarity
from cxkit.coursework.similarity.reuse import ReusedAnswer, reused_answers

__all__ = ["ClassSimilarity", "ReusedAnswer", "SimilarPair", "class_similarity", "reused_answers"]

"""Formulas, each once: arrays in, numbers or small frozen objects out. Importable by every wing."""

"""How do people mark written answers?"""

from cxkit.coursework.written.blind import make_sheet, open_sheet
from cxkit.coursework.written.panel import marking_panel

__all__ = ["make_sheet", "marking_panel", "open_sheet"]

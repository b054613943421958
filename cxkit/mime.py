"""The MIME types that notebooks' outputs bear: the kit's own, and those of widgets."""

DECLARED = "application/vnd.cxkit.declared+json"
"""Numbers of a result beside its page, which `cxkit verify` compares."""

SESSION = "application/vnd.cxkit.session+json"
"""With which versions and data a notebook computed."""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

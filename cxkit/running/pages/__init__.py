"""From a notebook that has run to a page: html that is safe to open, and PDF."""

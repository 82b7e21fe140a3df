"""How a page of a PDF becomes pdf.js's text items: the parts behind ``segments``."""
